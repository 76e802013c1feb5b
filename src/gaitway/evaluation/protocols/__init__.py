"""The field's protocols: which sequences are probes, which are gallery, and what is counted."""

from gaitway.evaluation.protocols.cross_view import evaluate_casia_b, evaluate_oumvlp, evaluate_sustech1k
from gaitway.evaluation.protocols.samples import Samples
from gaitway.evaluation.protocols.street import evaluate_ccpg, evaluate_gait3d, evaluate_real_scene
from gaitway.evaluation.protocols.submission import submit_grew, submit_hid

__all__ = [
    "Samples",
    "evaluate_casia_b",
    "evaluate_ccpg",
    "evaluate_gait3d",
    "evaluate_oumvlp",
    "evaluate_real_scene",
    "evaluate_sustech1k",
    "submit_grew",
    "submit_hid",
]
