"""Walks for gallery tests: random, the same for the same seed."""

from __future__ import annotations

from typing import Any

import numpy as np

from gaitway.adapters.gallery import Walk


def walk(seed: int, parts: int = 4, channels: int = 16, model: str = "model-1", **more: Any) -> Walk:
    """Return a walk of random numbers."""
    values = np.random.default_rng(seed).standard_normal((parts, channels)).astype(np.float32)
    given = {
        "video": "clip",
        "video_sha256": "ab" * 32,
        "track_id": seed,
        "last_frame": 10,
        "frames": 9,
    } | more
    return Walk(values, model, **given)


def near(one: Walk, seed: int, by: float = 0.05, **more: Any) -> Walk:
    """Return another walk like ``one``."""
    noise = np.random.default_rng(seed).standard_normal(one.parts.shape).astype(np.float32)
    given = {
        "video": "other",
        "video_sha256": "cd" * 32,
        "track_id": seed,
        "last_frame": 10,
        "frames": 9,
    } | more
    return Walk(one.parts + np.float32(by) * noise, one.model_id, one.model_sha256, **given)
