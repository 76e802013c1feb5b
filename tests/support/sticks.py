"""Stick people for tests: a mask and its keypoints, drawn in a frame, at any phase of a walk."""

from __future__ import annotations

import cv2
import numpy as np

from gaitway.types import Bodies


def draw_person(frame_wh, centre_x, feet_y, height, phase=0.0, *, girth=1.0):
    """Return a mask (H, W) uint8 0/255 and keypoints (33, 3) of one side-view walker."""
    mask = np.zeros(frame_wh[::-1], np.uint8)
    swing = 0.35 * np.sin(phase)
    hip = np.array([centre_x, feet_y - 0.5 * height])
    neck = hip - np.array([0, 0.32 * height])
    head = neck - np.array([0, 0.1 * height])
    feet = [hip + 0.47 * height * np.array([np.sin(a), np.cos(a)]) for a in (swing, -swing)]
    toes = [foot + np.array([0.05, 0.02]) * height for foot in feet]
    knees = [(hip + foot) / 2 for foot in feet]
    wrist = hip + np.array([0.12 * np.sin(phase), -0.02]) * height
    elbow = (neck + wrist) / 2 + np.array([0.02 * height, 0])
    line = lambda a, b, width: cv2.line(  # noqa: E731
        mask,
        np.int64(np.round(a)).tolist(),
        np.int64(np.round(b)).tolist(),
        255,
        max(round(width * height), 1),
    )
    line(neck, hip, 0.16 * girth)
    cv2.circle(mask, np.int64(np.round(head)).tolist(), round(0.065 * height), 255, -1)
    for foot, toe in zip(feet, toes, strict=True):
        line(hip, foot, 0.07 * girth)
        line(foot, toe, 0.04)
    line(neck, elbow, 0.05)
    line(elbow, wrist, 0.05)
    keypoints = np.full((33, 3), np.nan, np.float32)
    places = {0: head, 7: head, 8: head, 11: neck, 12: neck, 13: elbow, 14: elbow, 15: wrist, 16: wrist}
    places |= {
        23: hip,
        24: hip,
        25: knees[0],
        26: knees[1],
        27: feet[0],
        28: feet[1],
        31: toes[0],
        32: toes[1],
    }
    for index, place in places.items():
        keypoints[index] = (*place, 1.0)
    return mask, keypoints


def box_of(mask):
    """Return the xyxy box of a mask's foreground, float32."""
    x, y, w, h = cv2.boundingRect(mask)
    return np.array([x, y, x + w, y + h], np.float32)


def bodies_of(masks, keypoints, boxes, seen=None):
    """Return Bodies whose masks cover 1.25 x the box, 256 x 256, as the landmark network gives them.

    ``seen`` is the mask each network run saw; by default each sees only its own person.
    """
    regions, probabilities = [], []
    for mask, box in zip(seen or masks, boxes, strict=True):
        side = 1.25 * (box[3] - box[1])
        centre = (box[:2] + box[2:]) / 2
        region = np.concatenate([centre - side / 2, centre + side / 2]).astype(np.float32)
        scale = side / 256
        matrix = np.array([[scale, 0, region[0] + scale / 2 - 0.5], [0, scale, region[1] + scale / 2 - 0.5]])
        crop = cv2.warpAffine(mask, matrix, (256, 256), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        regions.append(region)
        probabilities.append(crop.astype(np.float32) / np.float32(260))
    count = len(masks)
    return Bodies(
        np.array(regions, np.float32).reshape(-1, 4),
        tuple(probabilities),
        np.array(keypoints, np.float32).reshape(-1, 33, 3),
        np.ones(count, np.float32),
    )


def walk(frames=40, *, height=120, period=30.0, girth=1.0, seed=0):
    """Return aligned silhouettes (T, 64, 64) of one stick walker."""
    from gaitway.silhouettes import align

    start = np.random.default_rng(seed).uniform(0, 2 * np.pi)
    phases = start + 2 * np.pi * np.arange(frames) / period
    return np.stack([align(draw_person((200, 160), 100, 150, height, p, girth=girth)[0]) for p in phases])
