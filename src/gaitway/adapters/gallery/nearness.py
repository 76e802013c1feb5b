"""How near two walks must be to count as one person's, by default."""

from __future__ import annotations

import json
import math

from sqlalchemy import Connection

from gaitway.adapters.gallery import facts
from gaitway.errors import InputError
from gaitway.recognition.calibration import calibration_for
from gaitway.recognition.fpir import FpirTable

_STRANGERS = 0.01  # share of strangers' pairs within the distance: the common operating point
_ODDS = 9.0  # for one person, where only the encoder's own calibration of pairs is there


def calibration_of(connection: Connection, model_id: str) -> FpirTable | None:
    """Return the calibration kept for an encoder, or None."""
    kept = facts.get(connection, f"calibration:{model_id}")
    return None if kept is None else FpirTable.from_mapping(json.loads(kept))


def near_enough(connection: Connection, model_id: str) -> float:
    """Return the distance within which two walks are taken for one person's.

    Raises:
        InputError: Nothing is known of the encoder.
    """
    table, pairs = calibration_of(connection, model_id), calibration_for(model_id)
    if table is not None:
        return table.threshold(_STRANGERS, 1)
    if pairs is not None:
        return max((pairs.bias - math.log(_ODDS)) / pairs.slope, 0.0)
    raise InputError(
        f"how near walks of one person are is not known for the encoder {model_id}: "
        "run 'gaitway calibrate' with it, or give --distance"
    )
