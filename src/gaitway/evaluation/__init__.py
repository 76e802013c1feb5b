"""Measuring: detection, tracking, segmentation and recognition, by the field's protocols."""

from gaitway.evaluation.recognition import PROTOCOLS, evaluate

__all__ = ["PROTOCOLS", "evaluate"]
