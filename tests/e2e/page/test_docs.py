"""The docs page in a real browser: a problem's `type` leads to what to do about it."""

import pytest
from tests.e2e.instance import Instance
from tests.e2e.page.browser import Tab


async def test_the_type_of_a_problem_is_a_place_on_the_page(tab: Tab, board: Instance):
    async with board.http.get(f"{board.url}/api/users/me") as answer:
        problem = await answer.json()

    await tab.open(board.url + problem["type"])

    row = await tab.until("document.querySelector('tr:target')?.innerText")
    assert problem["code"] in row
    assert problem["detail"] in row
    assert tab.problems == []


@pytest.mark.parametrize("width", [360, 1200])
async def test_it_is_readable_on_every_width(tab: Tab, board: Instance, width: int):
    await tab.size(width, 800, phone=width < 500)
    await tab.open(f"{board.url}/docs")
    await tab.until("document.readyState === 'complete' && location.pathname === '/docs'")

    assert await tab.run("document.documentElement.scrollWidth") <= width
    heads = await tab.run("getComputedStyle(document.querySelector('thead')).display")
    assert (heads == "none") is (width < 500), "a table is a list on a phone"
    methods = await tab.run("""[...document.querySelectorAll('nav li b')].map((method) => [
      method.textContent, method.scrollWidth <= method.clientWidth,
      getComputedStyle(method).backgroundColor !== 'rgba(0, 0, 0, 0)'])""")
    assert {name for name, *_ in methods} == {"get", "post", "put", "delete", "options"}
    assert all(fits and coloured for _, fits, coloured in methods)
    await tab.run("document.querySelectorAll('details').forEach((more) => { more.open = true; })")
    wider = await tab.run("""[...document.querySelectorAll('.answers')].filter((table) =>
      table.offsetWidth > table.parentElement.clientWidth).map((table) =>
      table.closest('section').id)""")
    assert wider == [], "an example makes its answer wider than the page"
