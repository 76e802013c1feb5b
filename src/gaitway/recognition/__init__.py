"""From walks to names: encoders, distances, joint open-set matching."""

from gaitway.recognition.calibration import Calibration, calibration_for
from gaitway.recognition.distance import distance_matrix
from gaitway.recognition.gei import GeiConfig, GeiEncoder
from gaitway.recognition.matcher import JointMatcher, MatcherConfig, label_of

__all__ = [
    "Calibration",
    "GeiConfig",
    "GeiEncoder",
    "JointMatcher",
    "MatcherConfig",
    "calibration_for",
    "distance_matrix",
    "label_of",
]
