"""Fixtures that many tests share."""

from pathlib import Path

import pytest
from hypothesis import settings

from gaitway.adapters.modelstore.store import ModelStore
from gaitway.errors import ModelNotFoundError

# A limit per example fails on a busy machine and says nothing about the code; the timeout ends what hangs.
settings.register_profile("gaitway", deadline=None)
settings.load_profile("gaitway")


@pytest.fixture(scope="session")
def builtin_models() -> Path:
    """The folder of the real built-in networks; mark tests that use it ``models``."""
    try:
        return ModelStore().path("blazepose", "pose_detection.tflite").parent
    except ModelNotFoundError as error:
        pytest.skip(str(error))
