"""Walkers we make: body, gait cycle, cameras, renderers, scenes."""
