"""The only place that picks adapters and builds a pipeline."""
