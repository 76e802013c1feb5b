"""Measuring: detection, tracking, segmentation and recognition, by the field's protocols."""

from gaitway.evaluation.recognition import PROTOCOLS, evaluate
from gaitway.evaluation.summary import Summary, SummaryConfig, summarise
from gaitway.recognition.rerank import RerankConfig, rerank

__all__ = ["PROTOCOLS", "RerankConfig", "Summary", "SummaryConfig", "evaluate", "rerank", "summarise"]
