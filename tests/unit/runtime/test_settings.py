"""process/settings.py: what the environment can say wrongly, and what is said of it."""

import json
from pathlib import Path

import pytest
from tests.e2e.instance import a_manifest

from scoreboard_runtime.contract import endpoints
from scoreboard_runtime.process import settings


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    path = tmp_path / "board.yaml"
    path.write_text(json.dumps(a_manifest()))
    return {
        endpoints.ENV_CONFIG: str(path),
        endpoints.ENV_DATABASE_URL: "postgresql://sb:hidden@db/x",
        endpoints.ENV_REDIS_URL: "redis://:hidden@queue/0",
        endpoints.ENV_KEYS_FILE: "keys.json",
    }


def test_what_is_not_set_has_the_roles_own_default(env):
    found = settings.load(endpoints.GATEWAY, env)

    assert (found.port, found.metrics_port, found.drain_seconds) == (8080, 9100, 20.0)
    assert (found.cache_url, found.trusted_proxies) == (found.redis_url, ())
    assert "hidden" not in repr(found)


def test_proxies_are_networks_or_addresses(env):
    proxies = "10.0.0.0/8, 192.168.1.7 fd00::/8"
    found = settings.load("gateway", {**env, endpoints.ENV_TRUSTED_PROXIES: proxies})

    assert found.trusted_proxies == ("10.0.0.0/8", "192.168.1.7", "fd00::/8")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (endpoints.ENV_CONFIG, ""),
        (endpoints.ENV_DATABASE_URL, ""),
        (endpoints.ENV_REDIS_URL, ""),
        (endpoints.ENV_KEYS_FILE, ""),
        (endpoints.ENV_PORT, "http"),
        (endpoints.ENV_PORT, "nan"),
        (endpoints.ENV_DRAIN_SECONDS, "inf"),
        (endpoints.ENV_TRUSTED_PROXIES, "10.0.0.0/8,ingress.local"),
        (endpoints.ENV_TRUSTED_PROXIES, "10.0.0.0/99"),
    ],
)
def test_what_is_wrong_is_named_before_the_first_request(env, name, value):
    with pytest.raises(settings.SettingsError, match=name):
        settings.load("gateway", {**env, name: value})


def test_a_manifest_that_is_none_is_named_with_its_faults(env, tmp_path):
    for text, why in (("{", "not a valid"), ("\udcff", "not UTF-8"), (None, "cannot read")):
        path = tmp_path / "other.yaml"
        path.unlink(missing_ok=True)
        if text is not None:
            path.write_bytes(text.encode(errors="surrogateescape"))
        with pytest.raises(settings.SettingsError, match=why):
            settings.load("gateway", {**env, endpoints.ENV_CONFIG: str(path)})
