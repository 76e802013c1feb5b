"""Measuring: detection, tracking, segmentation and recognition, by the field's protocols."""
