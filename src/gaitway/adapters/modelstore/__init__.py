"""The cache of model files: catalogue, downloads, checks."""
