"""Walkers we make: body, gait cycle, clothes, cameras, two renderers, scenes and the demo's films."""
