from itertools import islice

import numpy as np
import pytest

from gaitway.synthetic.camera import look_at
from gaitway.synthetic.demo import GALLERY_NAMES, STRANGER, demo_films
from gaitway.synthetic.scene import Actor, Scene, SceneConfig, mot_lines
from gaitway.synthetic.walker import Path, sample_walker


def small_scene(**config):
    people = [sample_walker(np.random.default_rng(seed)) for seed in (1, 2)]
    actors = (
        Actor("near", people[0], Path((-0.5, -0.6), 0.0)),
        Actor("far", people[1], Path((0.5, 0.6), np.pi), seed=1),
    )
    camera = look_at(np.array([0.0, -6.0, 1.6]), np.array([0.0, 0.0, 0.9]), 280.0, (240, 160))
    return Scene(actors, camera, SceneConfig(**{"seconds": 0.8, "frame_rate": 10.0} | config))


@pytest.fixture(scope="module")
def frames():
    return list(small_scene().frames())


def test_film_is_the_same_every_time(frames):
    again = list(small_scene().frames())
    assert len(frames) == len(again) == 8
    for one, two in zip(frames, again, strict=True):
        np.testing.assert_array_equal(one.image_rgb, two.image_rgb)
        np.testing.assert_array_equal(one.truth.xyxy, two.truth.xyxy)


def test_pictures_and_times(frames):
    assert [frame.time_s for frame in frames] == pytest.approx([i / 10 for i in range(8)])
    for frame in frames:
        assert frame.image_rgb.shape == (160, 240, 3)
        assert frame.image_rgb.dtype == np.uint8
        assert frame.image_rgb.std() > 10


def test_boxes_hold_the_pixels_of_their_owner(frames):
    for frame in frames:
        truth = frame.truth
        for actor, box in zip(truth.actor, truth.xyxy, strict=True):
            rows, cols = np.nonzero(truth.owner == actor + 1)
            assert cols.min() >= box[0] - 2
            assert cols.max() <= box[2] + 2
            assert rows.min() >= box[1] - 2
            assert rows.max() <= box[3] + 2


def test_who_is_unhidden_fills_the_box(frames):
    near = [f.truth for f in frames]
    for truth in near:
        row = int(np.flatnonzero(truth.actor == 0)[0])
        rows, _ = np.nonzero(truth.owner == 1)
        assert rows.max() - rows.min() > 0.94 * (truth.xyxy[row, 3] - truth.xyxy[row, 1]) - 2
        assert truth.visibility[row] > 0.95


def test_the_far_walker_is_hidden_by_the_near_one(frames):
    shares = [float(f.truth.visibility[f.truth.actor == 1][0]) for f in frames if 1 in f.truth.actor]
    assert min(shares) < 0.7
    assert max(shares) > 0.9


def test_keypoints_lie_on_the_body(frames):
    truth = frames[0].truth
    for row, box in enumerate(truth.xyxy):
        points = truth.keypoints[row]
        assert ((points[:, 0] > box[0] - 3) & (points[:, 0] < box[2] + 3)).all()
        nose, left_ankle, left_hip = points[0], points[27], points[23]
        assert nose[1] < left_hip[1] < left_ankle[1]


def test_people_who_have_not_come_yet_are_not_there():
    scene = small_scene()
    late = Scene(
        (scene.actors[0], Actor("late", scene.actors[1].walker, Path((0, 0.5), 0.0), 0.5)),
        scene.camera,
        scene.config,
    )
    counts = [len(frame.truth.actor) for frame in late.frames()]
    assert counts == [1] * 5 + [2] * 3


def test_mot_lines_count_from_one(frames):
    lines = list(mot_lines(iter(frames)))
    assert lines[0].startswith("1,1,")
    assert all(len(line.split(",")) == 9 for line in lines)


def test_a_fixed_camera_keeps_the_street_still():
    fixed = list(islice(small_scene(drift_px=0.0, noise=0.0).frames(), 2))
    street = (fixed[0].truth.owner == 0) & (fixed[1].truth.owner == 0)
    moved = np.abs(fixed[0].image_rgb.astype(int) - fixed[1].image_rgb)[street]
    assert np.median(moved) == 0


def test_demo_has_a_gallery_a_second_camera_and_a_stranger():
    gallery, first, second = demo_films(seconds=1.0)
    assert (gallery.role, first.role, second.role) == ("gallery", "probe", "probe")
    assert set(gallery.identities) == set(first.identities) == set(GALLERY_NAMES)
    assert STRANGER in second.identities
    assert gallery.scene.frame_count == 25
    turned = gallery.scene.camera.position - first.scene.camera.position
    assert np.linalg.norm(turned) > 1


def test_demo_people_are_large_enough_to_be_found():
    film = demo_films(seconds=3.0)[0]
    last = film.scene.frame_count - 1
    frame = next(islice(film.frames(), last, None))
    heights = frame.truth.xyxy[:, 3] - frame.truth.xyxy[:, 1]
    assert len(heights) >= 2
    assert ((heights > 90) & (heights < 270)).all()
