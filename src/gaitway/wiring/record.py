"""What run.json says about how a run was made."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from gaitway._version import __version__
from gaitway.adapters.runtimes.cores import usable_cores
from gaitway.config import Settings, as_mapping
from gaitway.recognition.calibration import calibration_for
from gaitway.wiring.stages import Stages

_PACKAGES = ("numpy", "opencv-python-headless", "openvino", "nncf", "av", "scipy", "torch")


def describe(stages: Stages, settings: Settings) -> dict[str, Any]:
    """Return versions, settings and models: what one needs to make the run again."""
    return {
        "gaitway": __version__,
        "settings": as_mapping(settings),
        "stages": dict(stages.names) | {"encoder_id": stages.encoder.model_id},
        "calibration": _calibration(stages.encoder.model_id),
        "models": {
            "sha256": dict(stages.networks.hashes),
            "precision": {name: r.precision for name, r in stages.networks.loaded()},
            "int8": dict(stages.networks.int8_notes),
            "device": {name: r.device for name, r in stages.networks.loaded()},
        },
        "versions": {"python": platform.python_version()} | versions_of(),
        "machine": {"cores": usable_cores(), "system": platform.system(), "machine": platform.machine()},
    }


def _calibration(model_id: str) -> str:
    """Say where scores of this encoder come from, so that uncalibrated ones are seen to be so."""
    fitted = calibration_for(model_id)
    return (
        fitted.source if fitted else f"none was fitted for {model_id}: scores rank, they are no probabilities"
    )


def versions_of() -> dict[str, str]:
    """Return the installed versions of the packages that results depend on."""
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
