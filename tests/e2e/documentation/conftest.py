"""What walks a page through needs a folder with a short name, as the tests of local mode do."""

from tests.e2e.local.conftest import folder

__all__ = ["folder"]
