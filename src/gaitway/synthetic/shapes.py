"""What a walker is made of: convex parts that move with the skeleton.

A part is the convex hull of two ellipsoids, each fixed in a segment's frame. Capsules, tapered limbs, flat
torsos, hems that follow both knees and bags are all of this kind, so one projection and one shading serve
everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64

from gaitway.synthetic.skeleton import SEGMENT, Pose

Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Blob:
    """An ellipsoid in a segment's frame: centre and half axes in metres."""

    segment: str
    centre: Triple
    radii: Triple

    def grown(self, by: float) -> Blob:
        """Return it with every half axis longer by ``by`` metres."""
        x, y, z = self.radii
        return Blob(self.segment, self.centre, (x + by, y + by, z + by))


@dataclass(frozen=True, slots=True)
class Part:
    """The convex hull of two ellipsoids, of one material (see appearance.py)."""

    material: str
    a: Blob
    b: Blob


def ball(material: str, segment: str, centre: Triple, radii: Triple | float) -> Part:
    """Return a part that is one ellipsoid."""
    axes = radii if isinstance(radii, tuple) else (radii, radii, radii)
    blob = Blob(segment, centre, axes)
    return Part(material, blob, blob)


def limb(material: str, segment: str, top: tuple[Triple, float], end: tuple[Triple, float]) -> Part:
    """Return a tapered capsule inside one segment, from (centre, radius) to (centre, radius)."""
    (p, r), (q, s) = top, end
    return Part(material, Blob(segment, p, (r, r, r)), Blob(segment, q, (s, s, s)))


@dataclass(frozen=True, slots=True, eq=False)
class Solids:
    """Parts in the world: per frame T and part K two ellipsoids.

    Attributes:
        centre: Metres, (T, K, 2, 3).
        axes: Columns are the half axes in world directions, (T, K, 2, 3, 3).
    """

    centre: Float[np.ndarray, "t k 2 3"]
    axes: Float[np.ndarray, "t k 2 3 3"]


class PartSet:
    """Parts gathered into arrays, ready to be placed for many frames at once."""

    def __init__(self, parts: Sequence[Part]) -> None:
        blobs = [(part.a, part.b) for part in parts]
        self.materials = tuple(part.material for part in parts)
        self._segment: Int64[np.ndarray, "k 2"] = np.array(
            [[SEGMENT[a.segment], SEGMENT[b.segment]] for a, b in blobs], np.int64
        ).reshape(-1, 2)
        self._centre = np.array([[a.centre, b.centre] for a, b in blobs], np.float64).reshape(-1, 2, 3)
        self._radii = np.array([[a.radii, b.radii] for a, b in blobs], np.float64).reshape(-1, 2, 3)

    def __len__(self) -> int:
        return len(self.materials)

    def place(self, pose: Pose) -> Solids:
        """Return the parts in the world for every frame of ``pose``."""
        rotation = pose.rotation[:, self._segment]
        centre = pose.origin[:, self._segment] + (rotation @ self._centre[..., None])[..., 0]
        return Solids(centre, rotation * self._radii[None, :, :, None, :])
