"""User names: any script, shown as given, unique by what can be seen.

The key is NFKC_Casefold of the Unicode standard: compatible forms, case and invisible marks make
no difference, so nobody can take a name that looks like another's for such a reason alone.
"""

import re
import unicodedata

LEAST, MOST = 3, 32
MOST_KEY = 4 * MOST  # some characters grow when they are folded
_MARKS = "._- "
# Default ignorable code points that count as letters or marks: Hangul fillers, variation selectors.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)


def _allowed(character: str) -> bool:
    category = unicodedata.category(character)
    return character in _MARKS or category[0] in "LM" or category == "Nd"


def fault(name: str) -> str | None:
    """What is wrong with a name; None when it can be taken."""
    if not LEAST <= len(name) <= MOST:
        return f"must have {LEAST} to {MOST} characters"
    if name != name.strip(" ") or "  " in name:
        return "may have single spaces between words only"
    if not all(map(_allowed, name)):
        return "may have letters, marks and digits of any script, and . _ - and single spaces"
    return None if 1 <= len(key(name)) <= MOST_KEY else "can not be compared with other names"


def key(name: str) -> str:
    """What must be unique; the key of a key is the same key."""
    visible = _INVISIBLE.sub("", unicodedata.normalize("NFKC", name))
    return unicodedata.normalize("NFKC", visible.casefold())
