"""POST /api/auth/oidc: an identity provider's token is exchanged for a session of ours."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import pytest
from tests.e2e.auth.conftest import MakeSite
from tests.e2e.auth.provider import (
    EC_KEY,
    ED_KEY,
    KEYS,
    OTHER_RSA_KEY,
    RSA_JWK,
    RSA_KEY,
    Provider,
    a_provider,
)
from tests.e2e.auth.site import Site

from scoreboard_runtime.contract.board import Oidc
from scoreboard_runtime.gateway import provider as provider_module
from scoreboard_runtime.gateway.provider import Identity
from scoreboard_runtime.local.player import Reply
from scoreboard_runtime.stores.errors import StoreUnavailable

PUBLIC = RSA_JWK["n"].encode()  # what everybody knows of a key, as a secret


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with a_provider() as found:
        yield found


@pytest.fixture
async def site(make_site: MakeSite, provider: Provider) -> Site:
    return await make_site(auth=provider.spec())


async def exchange(site: Site, token: str) -> Reply:
    return await site.post("/api/auth/oidc", {"idToken": token})


async def test_a_first_sign_in_makes_a_user_and_the_next_finds_them(
    site: Site, provider: Provider
) -> None:
    first = await exchange(site, provider.token(preferred_username="Ann"))
    second = await exchange(site, provider.token(preferred_username="Ann Now Lee"))

    assert (first.status, second.status) == (200, 200)
    assert first.body["user"]["username"] == "Ann"
    assert second.body["user"] == first.body["user"]
    assert second.body["session"]["id"] != first.body["session"]["id"]
    ann = site.player("Ann")
    ann.session = second.body
    assert (await ann.get("/api/users/me")).status == 200
    assert (await ann.execute("level")).status == 202
    assert (await ann.refresh()).status == 200


@pytest.mark.parametrize(
    ("claims", "shown"),
    [
        pytest.param({"preferred_username": "ann"}, "ann", id="the preferred name"),
        pytest.param({"name": "Ann Lee"}, "Ann Lee", id="the name"),
        pytest.param({"preferred_username": "ann@mail.example"}, "ann", id="no address of mail"),
        pytest.param({"name": "Ann <b>Lee</b>"}, "Ann b Lee b", id="no markup"),
        pytest.param({}, "player-6b86b273", id="none"),
        pytest.param({"name": "\u202e\u200b"}, "player-6b86b273", id="one that can not be"),
        pytest.param({"name": "\ud800\ud800\ud800"}, "player-6b86b273", id="no text"),
        pytest.param({"name": ["ann"]}, "player-6b86b273", id="a list"),
        pytest.param({"name": "a" * 500}, "a" * 24, id="a long one"),
    ],
)
async def test_the_name_that_is_shown_comes_from_the_provider_where_it_can(
    site: Site, provider: Provider, claims: dict[str, object], shown: str
) -> None:
    reply = await exchange(site, provider.token(**claims))

    assert reply.body["user"]["username"] == shown


async def test_a_taken_name_gets_an_ending_and_the_other_user_stays_apart(
    site: Site, provider: Provider
) -> None:
    await site.signed_in("Ann")

    replies = await asyncio.gather(
        *(exchange(site, provider.token(sub=str(n), name="Ann")) for n in range(5))
    )

    names = {reply.body["user"]["username"] for reply in replies}
    assert len(names) == 5
    assert all(name.startswith("Ann-") for name in names)


async def test_a_name_that_is_never_free_is_not_tried_for_ever(
    site: Site, provider: Provider
) -> None:
    async with site.gateway.database.connection() as connection:
        await connection.execute(
            "CREATE FUNCTION nobody() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
            "CREATE TRIGGER taken BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION nobody()"
        )

    reply = await exchange(site, provider.token(name="Ann"))

    assert (reply.status, reply.code) == (409, "USERNAME_TAKEN")


async def test_sign_ins_of_one_new_user_that_arrive_together_make_one_user(
    site: Site, provider: Provider
) -> None:
    replies = await asyncio.gather(*(exchange(site, provider.token(name="Ann")) for _ in range(10)))

    assert len({reply.body["user"]["id"] for reply in replies}) == 1
    assert provider.asked.count("/keys") == 1


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(lambda p: p.token(EC_KEY, "ES256", "ec"), id="ES256"),
        pytest.param(lambda p: p.token(ED_KEY, "EdDSA", "ed"), id="EdDSA"),
        pytest.param(lambda p: p.token(aud=["scoreboard-client"]), id="a list of one audience"),
        pytest.param(lambda p: p.token(azp="scoreboard-client"), id="made for us"),
        pytest.param(lambda p: p.token(iss=p.issuer + "/"), id="a slash after the issuer"),
        pytest.param(lambda p: p.token(exp=int(time.time()) - 5), id="a clock a little ahead"),
    ],
)
async def test_good_tokens_are_taken(
    site: Site, provider: Provider, token: Callable[[Provider], str]
) -> None:
    assert (await exchange(site, token(provider))).status == 200


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(lambda p: "", id="nothing"),
        pytest.param(lambda p: "a.b.c", id="nonsense"),
        pytest.param(lambda p: "[" * 20_000, id="too long"),
        pytest.param(lambda p: p.token()[:-4], id="cut short"),
        pytest.param(lambda p: p.token(None, "none"), id="alg none"),
        pytest.param(lambda p: p.token(PUBLIC, "HS256"), id="HS256 with the public key"),
        pytest.param(lambda p: p.token(kid="symmetric"), id="the kid of a symmetric key"),
        pytest.param(
            lambda p: p.token(b"secret" * 6, "HS256", "symmetric"), id="its symmetric key"
        ),
        pytest.param(lambda p: p.token(RSA_KEY, "RS512"), id="RS512"),
        pytest.param(lambda p: p.token(OTHER_RSA_KEY), id="another key"),
        pytest.param(lambda p: p.token(OTHER_RSA_KEY, kid="encryption"), id="a key to encrypt"),
        pytest.param(lambda p: p.token(EC_KEY, "ES256", "rsa"), id="the kid of another kind"),
        pytest.param(lambda p: p.token(kid="k9"), id="a kid that is not there"),
        pytest.param(lambda p: p.token(kid=None), id="no kid"),
        pytest.param(lambda p: p.token(aud="other"), id="another audience"),
        pytest.param(lambda p: p.token(aud=None), id="no audience"),
        pytest.param(lambda p: p.token(azp="other"), id="made for another client"),
        pytest.param(lambda p: p.token(iss="https://id.example"), id="another issuer"),
        pytest.param(lambda p: p.token(exp=int(time.time()) - 60), id="expired"),
        pytest.param(lambda p: p.token(exp=None), id="no end"),
        pytest.param(lambda p: p.token(nbf=int(time.time()) + 90), id="not valid yet"),
        pytest.param(lambda p: p.token(sub=None), id="no subject"),
        pytest.param(lambda p: p.token(sub=""), id="an empty subject"),
        pytest.param(lambda p: p.token(sub="a\x00b"), id="a NUL in the subject"),
        pytest.param(lambda p: p.token(sub="x" * 300), id="a long subject"),
    ],
)
async def test_other_tokens_are_refused_and_make_nobody(
    site: Site, provider: Provider, token: Callable[[Provider], str]
) -> None:
    reply = await exchange(site, token(provider))

    assert (reply.status, reply.code) == (401, "INVALID_CREDENTIALS")
    async with site.gateway.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM users") == 0


async def test_a_disabled_user_is_refused(site: Site, provider: Provider) -> None:
    user = (await exchange(site, provider.token(name="Ann"))).body["user"]
    await site.gateway.users.set_disabled(user["id"], disabled=True)

    reply = await exchange(site, provider.token())

    assert (reply.status, reply.code) == (401, "INVALID_CREDENTIALS")


async def test_without_a_provider_there_is_no_such_place(make_site: MakeSite) -> None:
    reply = await exchange(await make_site(), "a.b.c")

    assert (reply.status, reply.code) == (404, "NOT_FOUND")


async def test_a_lost_provider_stops_unknown_keys_only(
    site: Site, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_module, "REFETCH", 0.0)
    monkeypatch.setattr(provider_module, "PAUSE", 0.0)
    await provider.stop()
    ann = await site.signed_in("ann")

    lost = await exchange(site, provider.token())

    assert (lost.status, lost.code) == (503, "UNAVAILABLE")
    assert int(lost.headers["Retry-After"]) >= 1
    assert (await ann.get("/api/users/me")).status == 200
    await provider.start()
    assert (await exchange(site, provider.token())).status == 200
    await provider.stop()
    assert (await exchange(site, provider.token())).status == 200, "its key is known"
    assert (await exchange(site, provider.token(kid="new"))).status == 503
    monkeypatch.setattr(provider_module, "KEEP", 0.0)
    assert (await exchange(site, provider.token())).status == 200, "it can not be renewed now"


async def test_new_keys_are_taken_and_withdrawn_ones_go(
    site: Site, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await exchange(site, provider.token())).status == 200
    provider.keys = [{**RSA_JWK, "kid": "next"}]

    assert (await exchange(site, provider.token(kid="next"))).status == 401, "asked just now"
    monkeypatch.setattr(provider_module, "REFETCH", 0.0)
    assert (await exchange(site, provider.token(kid="next"))).status == 200
    provider.keys = KEYS[1:]
    monkeypatch.setattr(provider_module, "KEEP", 0.0)
    assert (await exchange(site, provider.token(kid="next"))).status == 401


async def test_a_provider_that_hangs_is_waited_for_once(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_module, "PAUSE", 60.0)
    identity = Identity(Oidc(issuer=provider.issuer, audience="scoreboard-client"))
    provider.talking.clear()
    started = time.monotonic()

    answers = await asyncio.gather(
        *(identity.subject(provider.token()) for _ in range(20)), return_exceptions=True
    )

    assert {type(answer) for answer in answers} == {StoreUnavailable}
    assert time.monotonic() - started < 2 * (provider_module.TIMEOUT.total or 0)
    await identity.close()


@pytest.mark.parametrize(
    "configuration",
    [
        pytest.param({"issuer": "https://other.example"}, id="another issuer"),
        pytest.param({"issuer": 5}, id="an issuer that is no text"),
        pytest.param({"jwks_uri": "http://id.example/keys"}, id="keys over plain HTTP"),
        pytest.param({"jwks_uri": "file:///etc/passwd"}, id="keys from a file"),
        pytest.param({"jwks_uri": None}, id="no keys"),
        pytest.param({"padding": "x" * 300_000}, id="a huge answer"),
    ],
)
async def test_a_configuration_that_can_not_be_trusted_is_as_good_as_none(
    provider: Provider, configuration: dict[str, object]
) -> None:
    provider.configuration = configuration
    identity = Identity(Oidc(issuer=provider.issuer, audience="scoreboard-client"))

    with pytest.raises(StoreUnavailable):
        await identity.check()
    with pytest.raises(StoreUnavailable):
        await identity.subject(provider.token())
    await identity.close()


async def test_the_health_check_asks_now_and_then_and_brings_the_keys(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = Identity(Oidc(issuer=provider.issuer, audience="scoreboard-client"))
    for _ in range(5):
        await identity.check()
    assert provider.asked == ["/.well-known/openid-configuration", "/keys"]
    await provider.stop()

    assert await identity.subject(provider.token()) == ("1", "")
    monkeypatch.setattr(provider_module, "CHECK", 0.0)
    with pytest.raises(StoreUnavailable):
        await identity.check()
    await identity.close()


@pytest.mark.parametrize("issuer", ["http://id.example", "ftp://127.0.0.1", "id.example"])
def test_an_issuer_over_plain_http_is_for_loopback_only(issuer: str) -> None:
    with pytest.raises(ValueError, match="https"):
        Identity(Oidc(issuer=issuer, audience="scoreboard-client"))
