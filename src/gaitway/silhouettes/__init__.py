"""From masks to walks: isolation, alignment, quality, sequences, gait energy images."""

from gaitway.silhouettes.align import align, align_all, align_seed
from gaitway.silhouettes.isolate import Cutout, IsolateConfig, isolate
from gaitway.silhouettes.quality import QualityConfig, usable_silhouettes
from gaitway.silhouettes.sequence import SequenceCollector, SequenceConfig, Walks

__all__ = [
    "Cutout",
    "IsolateConfig",
    "QualityConfig",
    "SequenceCollector",
    "SequenceConfig",
    "Walks",
    "align",
    "align_all",
    "align_seed",
    "isolate",
    "usable_silhouettes",
]
