"""The only place that picks adapters and builds a pipeline.

To add a detector, segmenter or encoder: name it in ``stages.py``. ``identify.py`` is the main job.
"""

from gaitway.wiring.identify import identify
from gaitway.wiring.loading import load_detector, load_encoder, load_segmenter
from gaitway.wiring.video import track

__all__ = ["identify", "load_detector", "load_encoder", "load_segmenter", "track"]
