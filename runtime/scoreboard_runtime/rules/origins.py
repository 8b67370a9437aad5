"""Which pages may open a socket (CWE-1385): a browser says where a page is from."""


def allowed(origin: str | None, allow_list: tuple[str, ...]) -> bool:
    """Whether to serve it: anything without an allow-list, and what is no browser."""
    if origin is None or not allow_list:
        return True
    return origin.rstrip("/").lower() in {entry.rstrip("/").lower() for entry in allow_list}
