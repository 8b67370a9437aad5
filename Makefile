# The same verbs for people and CI. `make` explains itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help
.PHONY: help run setup test unit e2e fmt check bench pictures docs clean

help: ## what each verb does
	@grep -hE '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# What pip needs last: a venv that could not be finished is not taken for a whole one.
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { rm -rf $(VENV); $(PYTHON) -m virtualenv -q $(VENV) 2>/dev/null; } || { rm -rf $(VENV); echo "This Python cannot make a virtual environment. Debian: apt install python3-venv"; exit 1; }

$(VENV)/.local: pyproject.toml | $(BIN)/pip
	@echo "installing into $(VENV) (once; needs the network)"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[local]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/pip
	@echo "installing into $(VENV) (once; needs the network)"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.local

run: $(VENV)/.local ## a live board on this machine, with demo players (ARGS adds options)
	@exec $(BIN)/scoreboard local examples/arcade.yaml --demo $(ARGS)

setup: $(VENV)/.dev ## everything that development needs

test: $(VENV)/.dev ## every test that can run here
	$(BIN)/python -m pytest tests $(ARGS)

unit: $(VENV)/.dev ## the pure core, in seconds
	$(BIN)/python -m pytest tests/unit $(ARGS)

e2e: $(VENV)/.dev ## real Postgres, Valkey, processes and browser
	$(BIN)/python -m pytest tests/e2e $(ARGS)

fmt: $(VENV)/.dev ## format
	$(BIN)/ruff format . && $(BIN)/ruff check --fix -q .

check: $(VENV)/.dev ## format, lint, types, layers, unit tests
	$(BIN)/ruff format --check -q . && $(BIN)/ruff check -q . && $(BIN)/mypy && $(BIN)/lint-imports
	$(BIN)/python -m pytest tests/unit

bench: $(VENV)/.dev ## paired, interleaved ratios against the ceilings of this machine
	$(BIN)/python -m tests.bench $(ARGS)

pictures: $(VENV)/.dev ## screenshots of the live page for the docs
	$(BIN)/python docs/pictures/make.py

docs: $(VENV)/.dev ## write docs/reference anew
	$(BIN)/python docs/reference/make.py

clean: ## remove what was made here, data included
	rm -rf $(VENV) .scoreboard .pytest_cache .mypy_cache .ruff_cache .hypothesis
