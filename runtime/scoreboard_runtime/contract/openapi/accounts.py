"""Operations on accounts: register, log in, refresh, log out, and what a user sees of it."""

from scoreboard_runtime.contract.board import Scoreboard
from scoreboard_runtime.contract.openapi import examples
from scoreboard_runtime.contract.openapi.operation import Answer, Operation

ACCOUNTS = "accounts"
LOGGED_IN = Answer(description="A session.", schema="Login", example=examples.LOGIN)


def _register(board: Scoreboard) -> Operation:
    closed = () if board.registration_open else ("FORBIDDEN",)
    state = "open" if board.registration_open else "closed on this board"
    return Operation(
        method="post",
        path="/api/auth/register",
        name="register",
        tag=ACCOUNTS,
        summary="Register",
        description=f"Makes a user. Registration is {state} (`spec.auth.registration`).",
        body="Credentials",
        bodies={"player": examples.CREDENTIALS},
        answers={201: Answer(description="The user.", schema="User", example=examples.USER)},
        codes=("USERNAME_TAKEN", *closed),
    )


_LOGIN = Operation(
    method="post",
    path="/api/auth/login",
    name="login",
    tag=ACCOUNTS,
    summary="Log in",
    description="Opens a session. A wrong name and a wrong password get the same answer in the "
    "same time; too many attempts for one account are refused.",
    body="LoginAttempt",
    bodies={"player": examples.CREDENTIALS},
    answers={200: LOGGED_IN},
    codes=("INVALID_CREDENTIALS",),
)

_OIDC = Operation(
    method="post",
    path="/api/auth/oidc",
    name="loginWithProvider",
    tag=ACCOUNTS,
    summary="Log in with an identity provider",
    description="Exchanges an ID token of `spec.auth.oidc.issuer` for a session; the first time "
    "makes the user. 404 where the board has no provider.",
    body="ProviderToken",
    bodies={"player": {"idToken": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"}},
    answers={200: LOGGED_IN},
    codes=("INVALID_CREDENTIALS", "NOT_FOUND", "USERNAME_TAKEN"),
)

_REFRESH = Operation(
    method="post",
    path="/api/auth/refresh",
    name="refresh",
    tag=ACCOUNTS,
    summary="Refresh a session",
    description="A new access token and the next refresh token of the same session, with the same "
    "signing key. The refresh token given is spent; using it again ends the whole session.",
    body="RefreshRequest",
    bodies={"session": {"refreshToken": examples.LOGIN["refreshToken"]}},
    answers={200: LOGGED_IN},
    codes=("INVALID_TOKEN",),
)

_LOGOUT = Operation(
    method="post",
    path="/api/auth/logout",
    name="logout",
    tag=ACCOUNTS,
    summary="Log out",
    description="Ends the session: its token is refused here at once, and within a second by every "
    "gateway and on every socket.",
    session="required",
    answers={204: Answer(description="The session has ended.")},
)

_ME = Operation(
    method="get",
    path="/api/users/me",
    name="getMe",
    tag=ACCOUNTS,
    summary="Who I am",
    description="The user of this session.",
    session="required",
    answers={200: Answer(description="The user.", schema="User", example=examples.USER)},
    codes=("NOT_FOUND",),
)

_HISTORY = Operation(
    method="get",
    path="/api/users/me/history",
    name="getMyHistory",
    tag=ACCOUNTS,
    summary="My ledger",
    description="Every change of the user's score and the job that made it, newest first.",
    session="required",
    parameters=("cursor",),
    answers={
        200: Answer(description="A page.", schema="History", example=examples.HISTORY),
    },
    codes=("VALIDATION_ERROR",),
)


def accounts(board: Scoreboard) -> tuple[Operation, ...]:
    return (_register(board), _LOGIN, _OIDC, _REFRESH, _LOGOUT, _ME, _HISTORY)
