"""Fixtures that many tests share."""

from pathlib import Path

import pytest

from gaitway.adapters.modelstore.store import ModelStore
from gaitway.errors import ModelNotFoundError


@pytest.fixture(scope="session")
def builtin_models() -> Path:
    """The folder of the real built-in networks; mark tests that use it ``models``."""
    try:
        return ModelStore().path("blazepose")
    except ModelNotFoundError as error:
        pytest.skip(str(error))
