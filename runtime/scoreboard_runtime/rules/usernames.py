"""User names: any script, one spelling."""

import unicodedata

LEAST, MOST = 3, 32
_MARKS = "._-"


def fault(name: str) -> str | None:
    """What is wrong with a name; None when it can be taken."""
    shown = display(name)
    if not LEAST <= len(shown) <= MOST:
        return f"must have {LEAST} to {MOST} characters"
    if shown != shown.strip(" ") or "  " in shown:
        return "may have single spaces between words only"
    for character in shown:
        if character in _MARKS or character == " ":
            continue
        category = unicodedata.category(character)
        if category[0] not in "LM" and category != "Nd":
            return "may have letters, marks and digits of any script, and . _ - and spaces"
    if not any(unicodedata.category(character)[0] in "LN" for character in shown):
        return "needs a letter or a digit"
    return None if 1 <= len(key(shown)) <= 4 * MOST else "can not be compared with other names"


def display(name: str) -> str:
    """The name as it is shown: as given, in composed form."""
    return unicodedata.normalize("NFC", name)


def key(name: str) -> str:
    """What must be unique: NFKC and casefold, until the result is stable."""
    for _ in range(4):
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
        if folded == name:
            break
        name = folded
    return name
