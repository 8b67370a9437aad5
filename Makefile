# The same verbs for people and CI. `make` explains itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help
.PHONY: help run setup test unit e2e bench docs golden pictures image chart fmt check clean

help: ## what each verb does
	@grep -hE '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed; set PYTHON=/path/to/it"; exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { rm -rf $(VENV); $(PYTHON) -m virtualenv -q $(VENV) 2>/dev/null; } || { rm -rf $(VENV); echo "this Python cannot make a virtual environment: install python3-venv (Debian: apt install python3-venv)"; exit 1; }

$(VENV)/.local: pyproject.toml | $(VENV)/bin/python
	@echo "installing into $(VENV): once, needs the network, about a minute"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[local]'
	@touch $@

$(VENV)/.dev: pyproject.toml clients/python/pyproject.toml | $(VENV)/bin/python
	@echo "installing into $(VENV): once, needs the network, about a minute"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev]' -e clients/python
	@touch $@ $(VENV)/.local

run: $(VENV)/.local ## a live board on this machine, with demo players (ARGS adds options)
	@exec $(BIN)/scoreboard local examples/arcade.yaml --demo $(ARGS)

setup: $(VENV)/.dev ## everything that development needs

test: $(VENV)/.dev ## every test that can run here
	$(BIN)/python -m pytest tests $(ARGS)

unit: $(VENV)/.dev ## the pure core, in some 20 s
	$(BIN)/python -m pytest tests/unit $(ARGS)

e2e: $(VENV)/.dev ## real Postgres, Valkey, processes and browser
	$(BIN)/python -m pytest tests/e2e $(ARGS)

bench: $(VENV)/.dev ## speed, as ratios to what this machine can do at most (ARGS="accept --pairs 3")
	$(BIN)/python -m tests.bench $(ARGS)

docs: $(VENV)/.dev ## the reference pages and the dashboards, from the code
	@$(BIN)/python -m docs.reference.make && $(BIN)/python -m dashboards.make

golden: $(VENV)/.dev ## what the golden Scoreboards become, written anew: review it as a diff
	@$(BIN)/python -m tests.unit.operator.cases

pictures: $(VENV)/.dev ## the pictures of the docs, by a headless Chromium; some ten minutes
	$(BIN)/python -m docs.pictures.make
	$(BIN)/python -m docs.pictures.dashboards

ENGINE ?= $(firstword $(foreach found,podman docker buildah,$(shell command -v $(found))) none)
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
BUILD = $(ENGINE) build -f Containerfile $(if $(BASE),--build-arg BASE=$(BASE)) --build-arg VERSION=$(VERSION) \
  --build-arg REVISION=$(shell git rev-parse HEAD 2>/dev/null)

image: ## the three images, and their bills of materials in dist (ENGINE=docker BASE=... PREFIX=ghcr.io/me/ TAG=...)
	@[ "$(ENGINE)" != none ] || { echo "podman, docker or buildah is needed to build images"; exit 1; }
	$(BUILD) --target runtime -t $(PREFIX)scoreboard:$(or $(TAG),$(VERSION)) .
	$(BUILD) --target stores -t $(PREFIX)scoreboard-stores:$(or $(TAG),$(VERSION)) .
	$(BUILD) --target operator -t $(PREFIX)scoreboard-operator:$(or $(TAG),$(VERSION)) .
	$(BUILD) --target sboms --output dist .

HELM ?= helm
chart: $(VENV)/.dev ## the chart: what is made of the code, lint, and a package in dist
	@$(BIN)/python -m charts.make
	@command -v $(HELM) >/dev/null || { echo "$(HELM) is not on PATH: Helm 3.17 or later, or 4 (HELM=... names another)"; exit 1; }
	$(HELM) lint --strict charts/scoreboard && $(HELM) package charts/scoreboard -d dist

fmt: $(VENV)/.dev ## format
	$(BIN)/ruff format -q . && $(BIN)/ruff check --fix -q .

# What is pure is cheap to test: every line and every branch of it.
DECIDES = kinds resource images names facts certificates release plan target render keys conditions reasons exposed status events \
  difference ownership
CLIENT = signing clock retrying errors models conversation
PURE = --cov=scoreboard_runtime.contract --cov=scoreboard_runtime.rules \
  $(DECIDES:%=--cov=scoreboard_operator.%) $(CLIENT:%=--cov=scoreboard_client.%) --cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=100

check: $(VENV)/.dev ## format, lint, types, layers, unit tests
	$(BIN)/ruff format --check -q . && $(BIN)/ruff check -q . && $(BIN)/mypy && $(BIN)/lint-imports
	$(BIN)/python -m pytest tests/unit $(PURE)

clean: ## remove what was made here, data included
	rm -rf $(VENV) .scoreboard dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
