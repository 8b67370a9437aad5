"""A child that cannot outlive us: parent-death signal, own session, and no root for Postgres.

The parent-death signal is set after every change of identity, which would clear it, and the parent
is looked at once more after that, because it may have died in between (prctl(2)).
"""

import ctypes
import os
import signal
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

NOBODY = 65534
DAC_OVERRIDE, DAC_READ_SEARCH = 1, 2  # capabilities(7)
_PR_SET_PDEATHSIG, _PR_SET_KEEPCAPS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 1, 8, 47, 2
_CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def _keep(number: int) -> None:
    """Keeps one capability through exec: permitted, inheritable, ambient (capset(2))."""
    bit = 1 << number
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    data = struct.pack("6I", bit, bit, bit, 0, 0, 0)
    if _libc.capset(header, data) != 0:
        raise OSError(ctypes.get_errno(), "capset")
    if _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, number, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def _become(user: tuple[int, int], capability: int | None) -> None:
    if capability is not None:
        _libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(user[1])
    os.setuid(user[0])
    if capability is not None:
        try:
            _keep(capability)
        except OSError:
            _keep(DAC_OVERRIDE)  # all that a container's root may have


def capability_for(folders: Sequence[Path], programs: Sequence[Path]) -> int | None:
    """What a stranger lacks to reach the folders and to run the programs; None: nothing.

    Of the folders only what lies above is asked: they themselves are the stranger's own.
    """
    if any(not program.stat().st_mode & 0o001 for program in programs):
        return DAC_OVERRIDE  # no other one lets execute what others may not
    above = {parent for path in (*folders, *programs) for parent in path.resolve().parents}
    closed = any(parent.exists() and not parent.stat().st_mode & 0o001 for parent in above)
    return DAC_READ_SEARCH if closed else None


def preparation(
    death: signal.Signals, *, user: tuple[int, int] | None = None, capability: int | None = None
) -> Callable[[], None]:
    """What the child does between fork and exec; `user` is a uid and a gid to become."""
    parent = os.getpid()

    def prepare() -> None:
        os.setsid()
        if user is not None:
            _become(user, capability)
        _libc.prctl(_PR_SET_PDEATHSIG, int(death), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return prepare
