"""The pictures of the pages show them as they are."""

from docs.pictures.make import HERE, TAKEN_OF, looks


def test_the_pictures_are_of_the_pages_that_are_served():
    taken = (HERE / TAKEN_OF).read_text().strip()
    assert looks() == taken, "take them anew and look at them: python -m docs.pictures.make"
