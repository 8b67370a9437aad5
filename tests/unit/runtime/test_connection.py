"""rules/connection.py: flow 5's states, and the contract's section 1.4 as events and effects."""

import pytest

from scoreboard_runtime.contract.frames import Since, decode
from scoreboard_runtime.rules.connection import (
    AUTHENTICATED,
    AUTHENTICATING,
    CONNECTED,
    CONNECTING,
    MESSAGES,
    PATIENCE_US,
    SUBSCRIBED,
    Close,
    Connection,
    Join,
    Leave,
    Send,
    Verify,
)
from scoreboard_runtime.rules.tokens import Claims

NOW = 1_000_000_000
TOKEN = '{"type":"authenticate","token":"t"}'
BOARD = '{"type":"subscribe","channel":"scoreboard"}'
USER = '{"type":"subscribe","channel":"user"}'


def some_claims() -> Claims:
    return Claims(user_id="u", username="Ann", session_id="s", roles=frozenset(), issued_us=NOW,
                  expires_us=NOW + 60_000_000, signing_kid="k")  # fmt: skip


def a_connection(*, public: bool = True, signed_in: bool = False) -> Connection:
    connection = Connection({"main": public}, "main")
    connection.opened(NOW)
    if signed_in:
        connection.received(decode(TOKEN), NOW)
        connection.verified(some_claims())
    return connection


def said(connection: Connection, text: str, now: int = NOW) -> list:
    return connection.received(decode(text), now)


def test_the_states_of_the_flow_in_order():
    connection = Connection({"main": True}, "main")
    states = [connection.state]
    connection.opened(NOW)
    states.append(connection.state)
    assert said(connection, TOKEN) == [Verify("t")]
    states.append(connection.state)
    (sent,) = connection.verified(some_claims())
    assert b'"type":"authenticated"' in sent.payload
    states.append(connection.state)
    assert said(connection, BOARD) == [Join("scoreboard", "main", None, None)]
    states.append(connection.state)
    leave, _ = said(connection, '{"type":"unsubscribe","channel":"scoreboard"}')
    assert leave == Leave("scoreboard")
    states.append(connection.state)

    assert states == [CONNECTING, CONNECTED, AUTHENTICATING, AUTHENTICATED, SUBSCRIBED, AUTHENTICATED]  # fmt: skip


def test_a_bad_token_closes_4401():
    connection = a_connection()
    said(connection, TOKEN)

    assert connection.verified(None) == [Close(4401, "invalid token")]


def test_a_second_authenticate_closes_4400():
    (close,) = said(a_connection(signed_in=True), TOKEN)

    assert close.code == 4400


@pytest.mark.parametrize(
    ("public", "message", "code"),
    [(True, USER, 4401), (False, BOARD, 4401), (False, USER, 4401)],
)
def test_what_needs_a_user_closes_4401(public, message, code):
    (close,) = said(a_connection(public=public), message)

    assert close.code == code


def test_a_public_board_may_be_watched_without_a_token_and_in_silence():
    connection = a_connection()

    assert said(connection, BOARD) == [Join("scoreboard", "main", None, None)]
    assert connection.state == SUBSCRIBED
    assert connection.tick(NOW + 10 * PATIENCE_US) == []
    said(connection, '{"type":"unsubscribe","channel":"scoreboard"}', NOW + PATIENCE_US)
    assert connection.state == CONNECTED
    assert connection.tick(NOW + 2 * PATIENCE_US) == [Close(4408, "authenticate within 10 s")]


def test_silence_closes_4408_and_pings_do_not_extend_it():
    connection = a_connection()
    said(connection, '{"type":"ping","id":1}', NOW + PATIENCE_US - 1)

    assert connection.tick(NOW + PATIENCE_US - 1) == []
    assert connection.tick(NOW + PATIENCE_US) == [Close(4408, "authenticate within 10 s")]


def test_expiry_says_so_and_closes_4401():
    connection = a_connection(signed_in=True)

    assert connection.due_us() == NOW + 60_000_000
    sent, close = connection.tick(NOW + 60_000_000)
    assert b'"reason":"expired"' in sent.payload
    assert close == Close(4401, "expired")


@pytest.mark.parametrize(
    "text",
    ['{"type":"subscribe","channel":"weather"}', '{"type":"unsubscribe","channel":"x"}',
     '{"type":"subscribe","channel":"scoreboard","board":"other"}',
     '{"type":"subscribe","channel":"scoreboard","window":"other"}'],
)  # fmt: skip
def test_mistakes_leave_the_socket_open(text):
    (sent,) = said(a_connection(signed_in=True), text)

    assert isinstance(sent, Send)
    assert b'"type":"error"' in sent.payload


def test_who_leaves_what_they_do_not_watch_gains_no_time():
    connection = a_connection()

    _, sent = said(
        connection, '{"type":"unsubscribe","channel":"scoreboard"}', NOW + PATIENCE_US - 1
    )
    assert b'"type":"unsubscribed"' in sent.payload
    assert connection.state == CONNECTED
    assert connection.tick(NOW + PATIENCE_US) == [Close(4408, "authenticate within 10 s")]


def test_what_is_no_message_closes_4400():
    assert a_connection(signed_in=True).garbled() == [Close(4400, "bad message")]


def test_since_is_handed_on():
    text = '{"type":"subscribe","channel":"scoreboard","since":{"epoch":"e","sequence":4},"id":9}'

    assert said(a_connection(), text) == [Join("scoreboard", "main", Since("e", 4), 9)]


def test_a_flood_closes_4429_and_a_pause_gives_the_budget_back():
    connection = a_connection(signed_in=True)
    answers = [said(connection, '{"type":"ping"}') for _ in range(MESSAGES)]

    assert any(isinstance(effect, Close) and effect.code == 4429 for a in answers for effect in a)
    assert isinstance(said(connection, '{"type":"ping"}', NOW + 5_000_000)[0], Send)
