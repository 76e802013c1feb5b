import numpy as np
import pytest

from gaitway.detection.following import FollowConfig, Follower, confidence
from gaitway.segmentation.blazepose import BlazePoseSegmenter
from gaitway.types import Bodies
from support.networks import bar_landmark_network, draw_people

BOX = np.array([100, 80, 124, 160], np.float32)


def step(follower, boxes, *, presence=None):
    """One frame with people at ``boxes``; ``presence`` replaces what the network believes."""
    image = draw_people(boxes)
    bodies = BlazePoseSegmenter(bar_landmark_network()).segment(image, follower.expected())
    if presence is not None:
        bodies = Bodies(
            bodies.region_xyxy, bodies.masks, bodies.keypoints, np.full(len(bodies), presence, np.float32)
        )
    return follower.update(image, bodies)


def followed(*boxes):
    follower = Follower(FollowConfig())
    for box in boxes:
        follower.add(draw_people(boxes), np.array(box, np.float32), 0.9)
    return follower


def test_a_walker_is_followed_at_its_box():
    follower = followed(BOX)
    for t in range(1, 20):
        box = BOX + np.array([3, 1, 3, 1], np.float32) * t
        found = step(follower, [box])
        assert len(found) == 1
        assert found.xyxy[0] == pytest.approx(box, abs=2)
        assert found.bodies is not None
    assert len(follower.people) == 1


def test_whoever_leaves_is_forgotten_after_the_patience_and_not_reported():
    follower = followed(BOX)
    for _ in range(10):
        step(follower, [BOX])
    assert all(len(step(follower, [])) == 0 for _ in range(FollowConfig().patience))
    assert len(follower.lost()) == 1
    step(follower, [])
    assert not follower.people


def test_a_newcomer_who_is_not_seen_again_is_forgotten_at_once():
    follower = followed(BOX)
    step(follower, [])
    step(follower, [])
    assert not follower.people


def test_whoever_comes_back_within_the_patience_is_followed_on():
    follower = followed(BOX)
    for _ in range(10):
        step(follower, [BOX])
    for _ in range(5):
        step(follower, [])
    assert len(step(follower, [BOX])) == 1
    assert len(follower.people) == 1


def test_two_looks_at_one_person_are_one_person():
    near = BOX + np.float32(4)
    follower = followed(BOX, near)
    assert len(step(follower, [BOX])) == 1


def test_two_people_side_by_side_stay_two():
    other = BOX + np.array([34, 0, 34, 0], np.float32)
    follower = followed(BOX, other)
    for _ in range(10):
        assert len(step(follower, [BOX, other])) == 2


def test_a_trusted_person_needs_no_belief_if_its_mask_is_decided_and_a_newcomer_does():
    newcomer = followed(BOX)
    assert len(step(newcomer, [BOX], presence=0.0)) == 0
    trusted = followed(BOX)
    for _ in range(10):
        step(trusted, [BOX])
    found = step(trusted, [BOX], presence=0.0)
    assert found.confidence.tolist() == [0.5]


def test_an_undecided_mask_is_replaced_by_the_look_and_in_the_end_given_up():
    follower = followed(BOX)
    for _ in range(10):
        step(follower, [BOX])
    image = draw_people([BOX])

    def unsure():
        regions = BlazePoseSegmenter(bar_landmark_network()).segment(image, follower.expected())
        masks = tuple(np.full_like(m, 0.6) for m in regions.masks)
        zero = np.zeros(len(masks), np.float32)
        return follower.update(image, Bodies(regions.region_xyxy, masks, regions.keypoints, zero))

    found = unsure()
    assert found.xyxy[0] == pytest.approx(BOX, abs=3)
    assert found.confidence[0] <= FollowConfig().unsure_confidence
    for _ in range(100):
        unsure()
    assert not follower.people


def test_whoever_leaves_is_not_known_by_the_background_that_stays():
    def at(left):
        return np.array([left, 80, left + 24, 160], np.float32)

    def frame(left, *, is_sure):
        image = draw_people([at(left)])
        bodies = BlazePoseSegmenter(bar_landmark_network()).segment(image, follower.expected())
        if not is_sure:
            masks = tuple(np.full_like(mask, 0.6) for mask in bodies.masks)
            bodies = Bodies(bodies.region_xyxy, masks, bodies.keypoints, np.zeros(len(masks), np.float32))
        return len(follower.update(image, bodies))

    for left, seen in ((100, 1), (300, 0)):  # in the picture, and half outside it
        follower = followed(at(left))
        for _ in range(10):
            frame(left, is_sure=True)
        assert frame(left, is_sure=False) == seen


def test_confidence_is_the_mean_of_belief_and_clarity():
    presence, clear = np.array([1, 1, 0, 0], np.float32), np.array([0.8, 0.45, 0.6, 0.1], np.float32)
    assert confidence(presence, clear) == pytest.approx([1, 0.75, 0.5, 0])


def test_what_is_cut_out_where_somebody_is_known_by_the_look_alone_is_not_believed():
    follower = followed(BOX)
    for _ in range(10):
        step(follower, [BOX])
    image = draw_people([BOX])
    seen = BlazePoseSegmenter(bar_landmark_network()).segment(image, follower.expected())
    masks = tuple(np.full_like(mask, 0.6) for mask in seen.masks)  # present, but of no clear shape
    found = follower.update(
        image, Bodies(seen.region_xyxy, masks, seen.keypoints, np.ones(len(masks), np.float32))
    )
    assert found.bodies.presence.tolist() == found.confidence.tolist()
    assert found.confidence[0] == np.float32(FollowConfig().unsure_confidence)
