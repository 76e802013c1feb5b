"""Videos for the end-to-end tests."""

import pytest

from support.films import people, scene, write_film


@pytest.fixture(scope="session")
def films(tmp_path_factory):
    """A gallery of two people and a probe of the same two, filmed from elsewhere."""
    folder = tmp_path_factory.mktemp("films")
    two = people(2)
    return {
        "gallery": write_film(folder / "gallery.mp4", scene(two, seed=1)),
        "probe": write_film(folder / "probe.mp4", scene(two, seed=2, turn=0.2)),
    }
