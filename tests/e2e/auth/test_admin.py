"""`scoreboard admin`: the commands as somebody types them, against a running gateway."""

import asyncio
import re
import sys

import pytest
from tests.e2e.auth.site import PASSWORD, Place, Site
from tests.e2e.instance import until

from scoreboard_runtime.contract import endpoints
from scoreboard_runtime.local.player import Player

WHY = ("--reason", "a test has its reasons")


async def admin(place: Place, *arguments: str, typed: str = "") -> tuple[int, str, str]:
    """Exit status, standard output and standard error."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "scoreboard_runtime", "admin", "--data-dir", str(place.folder), *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate(typed.encode())
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def is_refused(player: Player) -> bool:
    return (await player.get("/api/users/me")).status == 401


async def test_the_first_admin_comes_from_a_command(place: Place, site: Site) -> None:
    status, out, err = await admin(
        place, "create-user", "Ann Lee", "--role", "admin", "--password-stdin", typed=PASSWORD
    )

    assert (status, err) == (0, "")
    assert "created Ann Lee" in out
    assert PASSWORD not in out
    ann = site.player("ann lee")
    assert (await ann.login()).body["user"]["roles"] == ["admin"]


async def test_a_password_is_made_where_none_is_given_and_shown_once(
    place: Place, site: Site
) -> None:
    status, out, _ = await admin(place, "create-user", "ann")

    made = re.search(r"password: (\S+)", out)
    assert status == 0
    assert made is not None
    reply = await site.player("ann", made[1]).login()
    assert (reply.status, reply.body["user"]["roles"]) == (200, ["player"])


@pytest.mark.parametrize(
    ("arguments", "typed", "why"),
    [
        pytest.param(["create-user", "ANN"], "", "admin roles", id="a taken name"),
        pytest.param(["create-user", "a@b"], "", "the name may have", id="a name that can not be"),
        pytest.param(
            ["create-user", "bob", "--password-stdin"],
            "password",
            "the password",
            id="a common one",
        ),
        pytest.param(["create-user", "bob", "--role", "A,B"], "", "no role", id="a bad role"),
        pytest.param(["disable", "bob", *WHY], "", "create-user", id="nobody of that name"),
        pytest.param(["redrive"], "", "--all", id="a redrive of nothing"),
        pytest.param(["redrive", "no-such-job"], "", "dead letters", id="a job that is not dead"),
    ],
)
async def test_what_can_not_be_done_says_what_to_do(
    place: Place, site: Site, arguments: list[str], typed: str, why: str
) -> None:
    await site.signed_in("ann")

    status, out, err = await admin(place, *arguments, typed=typed)

    assert (status, out) == (1, "")
    assert why in err
    assert "Traceback" not in err
    assert await site.gateway.users.by_name("bob") is None


async def test_a_disabled_user_is_out_until_enabled(place: Place, site: Site) -> None:
    ann, bob = await site.signed_in("ann"), await site.signed_in("bob")
    heard: list[tuple[str, str]] = []
    site.gateway.revocations.on_revoked(lambda session, reason: heard.append((session, reason)))

    status, out, _ = await admin(place, "disable", "Ann", *WHY)

    assert (status, out) == (0, "disabled ann; 1 sessions ended\n")
    await until(lambda: is_refused(ann), "ann's token is refused", 1.0)
    assert heard == [(ann.session["session"]["id"], "disabled")]
    assert (await ann.login()).code == "INVALID_CREDENTIALS"
    assert (await ann.refresh()).code == "INVALID_TOKEN"
    assert not await is_refused(bob)
    assert (await admin(place, "enable", ann.user_id, *WHY))[0] == 0, "by the id that logs tell"
    assert (await ann.login()).status == 200


async def test_new_roles_are_seen_at_once_after_a_new_login(place: Place, site: Site) -> None:
    ann = await site.signed_in("ann")
    assert (await ann.get("/api/users/me")).body["roles"] == ["player"]

    status, out, _ = await admin(place, "roles", "ann", "--role", "staff", "--role", "player")

    assert (status, "player, staff" in out) == (0, True)
    await until(lambda: is_refused(ann), "ann must log in again", 1.0)
    assert (await ann.login()).body["user"]["roles"] == ["player", "staff"]
    assert (await ann.get("/api/users/me")).body["roles"] == ["player", "staff"]
    assert (await ann.execute("secret")).status == 202


async def test_sessions_can_be_ended_without_disabling(place: Place, site: Site) -> None:
    ann = await site.signed_in("ann")

    status, out, _ = await admin(place, "end-sessions", "ann")

    assert (status, out) == (0, "1 sessions of ann ended\n")
    await until(lambda: is_refused(ann), "ann's token is refused", 1.0)
    assert (await ann.login()).status == 200


async def test_keys_are_rotated_and_sessions_go_on(place: Place, site: Site) -> None:
    ann = await site.signed_in("ann")

    status, out, _ = await admin(place, "rotate-keys")

    assert status == 0
    new = out.split()[0]
    await until(lambda: site.gateway.key_file.keyring.get(new), "the gateway knows the new key")
    assert (await ann.execute("level")).status == 202


async def test_dead_letters_are_listed(place: Place, site: Site) -> None:
    assert await admin(place, "dead-letters") == (0, "0 dead letters\n", "")
    assert (await admin(place, "redrive", "--all"))[:2] == (0, "0 jobs are back in the queue\n")
    assert site.url


@pytest.mark.parametrize(
    ("variable", "value", "why"),
    [
        (endpoints.ENV_DATABASE_URL, "postgresql://sb:hidden@127.0.0.1:1/x", "is it running"),
        (endpoints.ENV_DATABASE_URL, "", "is not set"),
    ],
)
async def test_an_instance_that_is_away_is_told_without_its_password(
    place: Place, variable: str, value: str, why: str
) -> None:
    place.environment[variable] = value
    place.write_environment()

    status, _, err = await admin(place, "disable", "ann", *WHY)

    assert status in (1, 2)
    assert why in err
    assert "hidden" not in err
    assert "Traceback" not in err


async def test_a_folder_that_is_no_data_dir_is_told(place: Place) -> None:
    (place.folder / "environment.json").unlink()

    status, _, err = await admin(place, "dead-letters")

    assert (status, "is that a data dir?" in err) == (2, True)
