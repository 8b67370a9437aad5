"""Rotation of the master key: sessions go on while both keys are there, and end with theirs."""

import json
import os
from pathlib import Path

import jwt
import pytest
import structlog
from tests.e2e.auth.conftest import MakeSite
from tests.e2e.auth.site import ONE_KEY, Place, Site, a_key
from tests.e2e.instance import until

from scoreboard_runtime.admin.keys import RotationError, turn, write
from scoreboard_runtime.contract.keyring import Keyring, parse
from scoreboard_runtime.local.player import Player
from scoreboard_runtime.process.keys import KeyFile

DAY_US = 86_400_000_000


def kid_of(player: Player) -> str:
    return str(jwt.get_unverified_header(player.session["token"])["kid"])


async def given(place: Place, keyring: Keyring, *sites: Site) -> None:
    """The file holds these keys, and every gateway has read it."""
    write(place.keys_file, keyring)
    kids = [key.kid for key in keyring.keys]
    for site in sites:
        await until(
            lambda site=site: [key.kid for key in site.gateway.key_file.keyring.keys] == kids,
            "the gateway has read the new keys",
        )


async def test_sessions_live_through_a_rotation_and_end_with_their_key(
    place: Place, make_site: MakeSite
) -> None:
    here, there = await make_site(), await make_site()
    ann, idle = await here.signed_in("ann"), await here.signed_in("idle")
    signing_key = ann.session["session"]["signingKey"]
    new = a_key("k2", days_old=0.5)

    await given(place, Keyring((*ONE_KEY.keys, new)), here, there)

    ann_there = here.elsewhere(ann, there.url)
    for player in (ann, ann_there):
        assert (await player.get("/api/users/me")).status == 200
        assert (await player.execute("level")).status == 202
    assert (await ann.refresh()).status == 200
    assert (kid_of(ann), ann.session["session"]["signingKey"]) == ("k2", signing_key)
    for player in (ann, here.elsewhere(ann, there.url)):
        assert (await player.execute("level")).status == 202
    bob = await there.signed_in("bob")
    assert kid_of(bob) == "k2"

    await given(place, Keyring((new,)), here, there)

    assert (await idle.get("/api/users/me")).code == "INVALID_TOKEN"
    assert (await idle.refresh()).code == "INVALID_TOKEN"
    # Refreshed under the new key, but its signing key is derived from the old one.
    assert (await ann.execute("level")).code == "INVALID_TOKEN"
    assert (await ann.refresh()).code == "INVALID_TOKEN"
    assert not await here.gateway.sessions.exists(ann.session["session"]["id"])
    assert (await bob.execute("level")).status == 202


async def test_a_new_key_verifies_at_once_and_signs_when_everybody_can_know_it(
    place: Place, site: Site
) -> None:
    ann = await site.signed_in("ann")
    fresh = a_key("k2", days_old=0)

    await given(place, Keyring((*ONE_KEY.keys, fresh)), site)

    assert (await ann.login()).status == 200
    assert kid_of(ann) == "k1"
    file = site.gateway.key_file
    assert file.keyring.active == fresh
    assert file.signing(fresh.created_us + 119_000_000).active.kid == "k1"
    assert file.signing(fresh.created_us + 120_000_000).active == fresh


async def test_a_file_of_new_keys_only_signs_with_the_first(tmp_path: Path) -> None:
    write(tmp_path / "keys.json", Keyring((a_key("k1", days_old=0),)))

    assert KeyFile(tmp_path / "keys.json").signing(0).active.kid == "k1"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b'{"keys": []}', id="no key"),
        pytest.param(b'{"keys": [{"kid": "k2", "secret": "c2VjcmV0', id="half a file"),
        pytest.param(b"\xff\xfe", id="no text"),
        pytest.param(None, id="no file"),
    ],
)
async def test_a_bad_key_file_is_told_once_and_the_old_keys_stay(
    place: Place, content: bytes | None
) -> None:
    file = KeyFile(place.keys_file)
    if content is None:
        place.keys_file.unlink()
    else:
        place.keys_file.write_bytes(content)

    with structlog.testing.capture_logs() as logs:
        file.reload()
        file.reload()

    assert file.keyring.active.kid == "k1"
    assert [line["event"] for line in logs] == ["keys_not_reloaded"]
    assert "c2VjcmV0" not in json.dumps(logs)
    write(place.keys_file, Keyring((a_key("k3"),)))
    file.reload()
    assert file.keyring.active.kid == "k3"


async def test_rotation_by_hand_adds_a_key_and_keeps_the_file_private(place: Place) -> None:
    os.chmod(place.keys_file, 0o644)

    said = turn(place.keys_file, DAY_US, drop_older=False)

    keys = parse(place.keys_file.read_bytes()).keys
    assert [key.kid for key in keys] == ["k1", said.split()[0]]
    assert place.keys_file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in place.folder.glob("*keys*")] == ["keys.json"]


async def test_a_stolen_key_can_be_dropped_at_once(place: Place, site: Site) -> None:
    ann = await site.signed_in("ann")

    turn(place.keys_file, DAY_US, drop_older=True)

    await until(lambda: site.gateway.key_file.keyring.get("k1") is None, "the key is gone")
    assert (await ann.get("/api/users/me")).code == "INVALID_TOKEN"
    assert (await ann.login()).status == 200
    assert (await ann.execute("level")).status == 202


@pytest.mark.parametrize(
    ("keyring", "why"),
    [
        pytest.param(Keyring((a_key("k1", days_old=-1),)), "future", id="made in the future"),
        pytest.param(None, "cannot change", id="no file"),
    ],
)
def test_a_rotation_that_can_not_be_says_what_to_do(
    tmp_path: Path, keyring: Keyring | None, why: str
) -> None:
    path = tmp_path / "keys.json"
    if keyring is not None:
        write(path, keyring)
    before = path.read_bytes() if keyring else b""

    with pytest.raises(RotationError, match=why):
        turn(path, DAY_US, drop_older=False)

    assert (path.read_bytes() if keyring else b"") == before
