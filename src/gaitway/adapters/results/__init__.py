"""The output folder: what is kept per video, published whole or not at all."""
