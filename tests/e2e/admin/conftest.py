"""A gateway and a worker of one instance over real stores, for each test."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from tests.e2e.admin.office import Office, a_worker
from tests.e2e.auth.conftest import make_site, place, postgres, site, valkey_server
from tests.e2e.auth.site import Place, Site

__all__ = ["make_site", "office", "place", "postgres", "site", "valkey_server"]


@pytest.fixture
async def office(place: Place, site: Site) -> AsyncIterator[Office]:
    async with AsyncExitStack() as stack:
        office = Office(place=place, site=site, stack=stack)
        await office.hire()
        office.worker = await stack.enter_async_context(a_worker(place))
        await office.ranked()
        yield office
