"""Whose request it is: the client's address behind trusted proxies."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address
IPV6_PREFIX = 64  # one customer commonly holds a whole /64: it shares one budget


def _parse(text: str) -> Address | None:
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


def _trusted(address: Address, trusted: tuple[str, ...]) -> bool:
    return any(address in ip_network(entry, strict=False) for entry in trusted)


@lru_cache(maxsize=4096)
def client_address(peer: str, forwarded_for: str | None, trusted: tuple[str, ...]) -> str:
    """The nearest address that is not a trusted proxy, as the name of a budget.

    X-Forwarded-For is read from its right end, and only while the one who wrote the entry is
    trusted: what a client puts there itself is never believed. An IPv6 address counts as its /64.
    """
    address = _parse(peer)
    if address is None:
        return "unknown"  # a unix socket
    for entry in reversed((forwarded_for or "").split(",")):
        if not _trusted(address, trusted):
            break
        found = _parse(entry)
        if found is None:
            break
        address = found
    if isinstance(address, IPv6Address):
        return str(ip_network(f"{address}/{IPV6_PREFIX}", strict=False))
    return str(address)
