import numpy as np
import pytest

from gaitway.synthetic.camera import flatten, look_at
from gaitway.synthetic.render_silhouette import render_silhouettes
from gaitway.synthetic.shading import shade
from gaitway.synthetic.walker import Path, sample_walker


@pytest.mark.parametrize("azimuth", [0, 60, 180])
def test_shaded_figure_covers_what_the_silhouette_covers(azimuth):
    """The two renderers draw the same body."""
    walker = sample_walker(np.random.default_rng(azimuth))
    pose = walker.pose(np.arange(2) / 10, Path((0, 0), 0.0), np.random.default_rng(1))
    angle = np.radians(azimuth)
    camera = look_at(
        np.array([6 * np.cos(angle), 6 * np.sin(angle), 1.4]), np.array([0, 0, 0.9]), 500.0, (200, 220)
    )
    mask = render_silhouettes(walker.parts, pose, camera)[1] > 0
    flat = flatten(camera, walker.parts.place(pose))
    patch = shade(flat.frame(1), walker.parts.materials, walker.appearance, np.array([0.0, -0.6, -0.8]))
    x, y = patch.left_top
    height, width = patch.alpha.shape
    drawn = np.zeros_like(mask)
    drawn[y : y + height, x : x + width] = patch.alpha > 0.5
    assert (drawn & mask).sum() / (drawn | mask).sum() > 0.94
    assert patch.colour.max() <= 255.5
    assert (patch.colour[patch.alpha == 0] == 0).all()


def test_the_lit_side_is_brighter():
    walker = sample_walker(np.random.default_rng(3))
    pose = walker.pose(np.arange(1) / 10, Path((0, 0), 0.0), np.random.default_rng(1))
    camera = look_at(np.array([6.0, 0, 1.4]), np.array([0, 0, 0.9]), 500.0, (200, 220))
    flat = flatten(camera, walker.parts.place(pose))

    def mean_by_side(sun):
        patch = shade(flat, walker.parts.materials, walker.appearance, np.array(sun))
        half = patch.alpha.shape[1] // 2
        return patch.colour[:, :half].sum(), patch.colour[:, half:].sum()

    left, right = mean_by_side((-0.95, -0.2, -0.2)), mean_by_side((0.95, -0.2, -0.2))
    assert left[0] > right[0]
    assert left[1] < right[1]
