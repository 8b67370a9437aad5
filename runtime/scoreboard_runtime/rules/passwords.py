"""Passwords: 8 to 128 characters, no composition rules, not among the commonest.

The list holds well-known stems; with the usual endings it covers some thousands of passwords that
guessing begins with (ASVS 5.0, 6.2.4).
"""

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
123456 1234567 12345678 123456789 1234567890 0123456789 987654321 9876543210 11111111 00000000
22222222 33333333 44444444 55555555 66666666 77777777 88888888 99999999 12121212 123123123
112233 11223344 1122334455 123321 1234321 12344321 789456123 147258369 159753 159357 aaaaaaaa
"""
_ENDINGS = (
    "", "!", "1", "12", "123", "1234", "12345", "123456", "1!", "123!", "01", "007", "69", "2020",
    "2021", "2022", "2023", "2024", "2025", "2026", "00", "11", "99", "@123", "#1",
)  # fmt: skip
COMMONEST = frozenset(stem + ending for stem in _STEMS.split() for ending in _ENDINGS)


def fault(password: str, username: str) -> str | None:
    """What is wrong with a password; None when it can be taken."""
    if not LEAST <= len(password) <= MOST:
        return f"must have {LEAST} to {MOST} characters"
    folded = password.casefold()
    if folded in COMMONEST or folded == username.casefold():
        return "is one of the first that somebody would guess; choose another"
    if len(set(folded)) < 3:
        return "repeats one or two characters; choose another"
    return None
