"""A child that cannot outlive us: parent-death signal, own session, and no root for Postgres.

The parent-death signal is set after every change of identity, which would clear it, and the parent
is looked at once more after that, because it may have died in between (prctl(2)).
"""

import ctypes
import os
import signal
import struct
from collections.abc import Callable
from pathlib import Path

NOBODY = 65534
_PR_SET_PDEATHSIG, _PR_SET_KEEPCAPS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 1, 8, 47, 2
_CAPABILITY_VERSION_3 = 0x20080522
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2

_libc = ctypes.CDLL(None, use_errno=True)


def _capabilities(number: int) -> None:
    """Keeps one capability through setuid and exec: permitted, inheritable, ambient (capset(2))."""
    bit = 1 << number
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    data = struct.pack("6I", bit, bit, bit, 0, 0, 0)
    if _libc.capset(header, data) != 0:
        raise OSError(ctypes.get_errno(), "capset")
    if _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, number, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def _keep_reading() -> None:
    """Lets an unprivileged user pass through directories such as /root."""
    try:
        _capabilities(_CAP_DAC_READ_SEARCH)
    except OSError:
        _capabilities(_CAP_DAC_OVERRIDE)  # all that a container's root may have


def hidden_from_others(*paths: Path) -> bool:
    """Whether a stranger cannot reach one of the paths because of a directory above it."""
    above = {parent for path in paths for parent in path.resolve().parents}
    return any(not parent.stat().st_mode & 0o001 for parent in above if parent.exists())


def preparation(
    death: signal.Signals, *, uid: int | None = None, keep_reading: bool = False
) -> Callable[[], None]:
    """What the child does between fork and exec."""
    parent = os.getpid()

    def prepare() -> None:
        os.setsid()
        if uid is not None:
            if keep_reading:
                _libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            if keep_reading:
                _keep_reading()
        _libc.prctl(_PR_SET_PDEATHSIG, int(death), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return prepare
