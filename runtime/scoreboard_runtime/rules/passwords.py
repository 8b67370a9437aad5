"""Passwords: 8 to 128 characters, no composition rules, not among the commonest.

`commonest.txt` holds what leaked most often, with which guessing begins (ASVS 5.0, 6.2.4: at least
3000); stems with the usual endings are what people make of it when it is refused.
"""

import unicodedata
from pathlib import Path

from scoreboard_runtime.rules import usernames

LEAST, MOST = 8, 128

_STEMS = """
password passw0rd p@ssword p@ssw0rd pa55word letmein welcome qwerty qwertyuiop qwertzuiop azerty
azertyuiop asdfgh asdfghjkl zxcvbn zxcvbnm 1q2w3e4r 1qaz2wsx q1w2e3r4 qazwsx qazwsxedc abc123
abcdef abcdefg abcdefgh iloveyou princess dragon monkey football baseball basketball soccer hockey
superman batman spiderman pokemon starwars master shadow sunshine michael jordan jennifer jessica
charlie ashley nicole daniel andrew joshua matthew anthony thomas robert hunter ranger buster
tigger ginger pepper summer winter spring autumn computer internet freedom whatever trustno1
access admin administrator root toor login guest test tester testing changeme default secret hello
helloworld killer cheese banana orange cookie chocolate flower purple silver golden diamond
corvette mustang ferrari porsche mercedes harley yankees cowboys eagles steelers lakers chelsea
liverpool arsenal barcelona juventus manchester mynoob samsung google facebook twitter instagram
linkedin microsoft windows android nintendo playstation minecraft fortnite roblox scoreboard
123456 1234567 12345678 123456789 1234567890 0123456789 987654321 9876543210 12121212 123123123
112233 11223344 1122334455 123321 1234321 12344321 789456123 147258369 159753 159357 1q2w3e4r5t
1q2w3e 1qazxsw2 zaq12wsx qwer1234 qweasdzxc asdf1234 a1b2c3d4 asdfasdf passpass testtest qwerqwer
loveyou lovely babygirl angel maggie jasmine hannah amanda samantha george william benjamin
victoria elizabeth alexander christian jonathan nicholas patrick richard brandon justin austin
"""
_ENDINGS = (
    *("", "!", "1", "12", "123", "1234", "12345", "123456", "1!", "123!", "01", "007", "69"),
    *("2020", "2021", "2022", "2023", "2024", "2025", "2026", "00", "11", "99", "@123", "#1"),
)
_REPEATED = (character * times for character in "0123456789aqxz" for times in (8, 9, 10))
_LEAKED = Path(__file__).with_name("commonest.txt").read_text().splitlines()
COMMONEST = frozenset([stem + ending for stem in _STEMS.split() for ending in _ENDINGS]).union(
    _REPEATED, (line for line in _LEAKED if not line.startswith("#"))
)


def fault(password: str, username: str) -> str | None:
    """What is wrong with a password; None when it can be taken."""
    if not LEAST <= len(password) <= MOST:
        return f"must have {LEAST} to {MOST} characters"
    common = prepared(password).casefold() in COMMONEST
    if common or usernames.key(password) == usernames.key(username):
        return "is one of the first that somebody would guess; choose another"
    return None


def prepared(password: str) -> str:
    """What is hashed: the same for every way in which keyboards compose a character."""
    return unicodedata.normalize("NFKC", password)
