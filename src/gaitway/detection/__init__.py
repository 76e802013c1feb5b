"""Finding people in a frame: letterbox, decode, non-maximum suppression, and the detectors."""
