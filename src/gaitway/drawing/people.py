"""People drawn onto a copy of a frame: silhouettes or skeletons, boxes, labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from gaitway.drawing.colours import Colour
from gaitway.drawing.labels import label_picture, place_label
from gaitway.drawing.masks import MaskPiece
from gaitway.errors import InputError
from gaitway.geometry import clip_boxes

# BlazePose's 33 points joined as MediaPipe (Apache-2.0) draws them; point numbers in docs/conventions.md.
SKELETON: tuple[tuple[int, int], ...] = (
    *((0, 1), (1, 2), (2, 3), (3, 7), (0, 4), (4, 5), (5, 6), (6, 8), (9, 10)),
    *((11, 12), (11, 13), (13, 15), (15, 17), (15, 19), (15, 21), (17, 19)),
    *((12, 14), (14, 16), (16, 18), (16, 20), (16, 22), (18, 20)),
    *((11, 23), (12, 24), (23, 24), (23, 25), (24, 26), (25, 27), (26, 28)),
    *((27, 29), (28, 30), (29, 31), (30, 32), (27, 31), (28, 32)),
)
_BONES = np.array(SKELETON)
_DASH = 3  # line widths


@dataclass(frozen=True, slots=True)
class DrawStyle:
    """How people are drawn. Sizes follow sqrt(width * height), so that 480p and 4K look alike.

    Attributes:
        mode: What is drawn besides boxes: ``silhouette``, ``keypoints`` or ``none``.
        text_scale: Text height over sqrt(width * height); 12 px at 854x480, for people of 60 to 250 px.
        min_text_px: Smallest text that stays readable after H.264.
        line_scale: Line width over sqrt(width * height); 2 px at 854x480.
        tint: Share of the colour over a silhouette, in [0, 1]; at half the clothes stay visible.
        min_keypoint_confidence: Points below are left out; BlazePose's own drawing threshold.
    """

    mode: str = "silhouette"
    text_scale: float = 0.019
    min_text_px: int = 10
    line_scale: float = 1 / 350
    tint: float = 0.45
    min_keypoint_confidence: float = 0.5

    def __post_init__(self) -> None:
        if self.mode not in {"silhouette", "keypoints", "none"}:
            raise InputError(f"drawing mode {self.mode!r} is unknown: use silhouette, keypoints or none")


def _tint(image: UInt8[np.ndarray, "h w 3"], piece: MaskPiece, colour: Colour, style: DrawStyle) -> None:
    """Colour one person, with an edge in the full colour."""
    height, width = image.shape[:2]
    x1, y1 = max(piece.left, 0), max(piece.top, 0)
    x2, y2 = min(piece.left + piece.mask.shape[1], width), min(piece.top + piece.mask.shape[0], height)
    if x2 <= x1 or y2 <= y1:
        return
    mask = piece.mask[y1 - piece.top : y2 - piece.top, x1 - piece.left : x2 - piece.left].astype(np.uint8)
    part = image[y1:y2, x1:x2]
    levels = np.arange(256.0)[:, None] * (1 - style.tint) + np.array(colour) * style.tint
    cv2.copyTo(cv2.LUT(part, levels.round().astype(np.uint8)[None]), mask, part)
    edges, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(image, edges, -1, colour, 1, cv2.LINE_AA, offset=(x1, y1))


def _skeleton(
    image: UInt8[np.ndarray, "h w 3"], points: Float[np.ndarray, "33 3"], colour: Colour, style: DrawStyle
) -> None:
    """Draw one person's joints and bones; uncertain, missing and far-off points are left out."""
    reach = 4 * max(image.shape[:2])
    seen = (points[:, 2] >= style.min_keypoint_confidence) & (np.abs(points[:, :2]) < reach).all(axis=1)
    places = np.where(seen[:, None], points[:, :2], 0).round().astype(np.int32)
    bones = places[_BONES[seen[_BONES].all(axis=1)]]
    width = _line_width(image, style)
    cv2.polylines(image, list(bones), isClosed=False, color=colour, thickness=width, lineType=cv2.LINE_AA)
    for x, y in places[seen].tolist():
        cv2.circle(image, (x, y), width, (255, 255, 255), -1, cv2.LINE_AA)


def _line_width(image: UInt8[np.ndarray, "h w 3"], style: DrawStyle) -> int:
    return max(1, round(style.line_scale * float(np.sqrt(image.shape[0] * image.shape[1]))))


def _box(image: UInt8[np.ndarray, "h w 3"], box: Float[np.ndarray, " 4"], colour: Colour, width: int) -> None:
    x1, y1, x2, y2 = box.round().astype(int).tolist()
    cv2.rectangle(image, (x1, y1), (max(x1, x2 - 1), max(y1, y2 - 1)), colour, width)


def _dashed_box(
    image: UInt8[np.ndarray, "h w 3"], box: Float[np.ndarray, " 4"], colour: Colour, width: int
) -> None:
    """Draw a box that was filled in, not seen."""
    x1, y1, x2, y2 = box.round().astype(int).tolist()
    x2, y2 = max(x1, x2 - 1), max(y1, y2 - 1)
    dash = _DASH * width
    xs, ys = np.arange(x1, x2 + 1, 2 * dash), np.arange(y1, y2 + 1, 2 * dash)
    x_ends, y_ends = np.minimum(xs + dash, x2), np.minimum(ys + dash, y2)
    across = [np.stack([xs, xs * 0 + y, x_ends, xs * 0 + y], axis=1) for y in (y1, y2)]
    down = [np.stack([ys * 0 + x, ys, ys * 0 + x, y_ends], axis=1) for x in (x1, x2)]
    dashes = np.concatenate(across + down).astype(np.int32).reshape(-1, 2, 2)
    cv2.polylines(image, list(dashes), isClosed=False, color=colour, thickness=width)


def _draw_labels(
    image: UInt8[np.ndarray, "h w 3"],
    boxes: Float[np.ndarray, "n 4"],
    labels: Sequence[str],
    colours: Sequence[Colour],
    style: DrawStyle,
) -> None:
    height, width = image.shape[:2]
    size_px = max(style.min_text_px, round(style.text_scale * float(np.sqrt(height * width))))
    max_width = min(width, max(width // 3, 10 * size_px))
    placed, people = np.zeros((0, 4)), boxes.astype(np.float64)
    for box, text, colour in zip(boxes, labels, colours, strict=True):
        if not text:
            continue
        picture = label_picture(text, size_px, colour, max_width)
        label_wh = (picture.shape[1], picture.shape[0])
        left, top = place_label(box, label_wh, (width, height), placed, people)
        _lead(image, box, (left, top, left + label_wh[0], top + label_wh[1]), colour)
        placed = np.vstack([placed, [left, top, left + label_wh[0], top + label_wh[1]]])
        part = image[top : top + label_wh[1], left : left + label_wh[0]]
        part[:] = picture[: part.shape[0], : part.shape[1]]


def _lead(
    image: UInt8[np.ndarray, "h w 3"],
    box: Float[np.ndarray, " 4"],
    label_xyxy: tuple[int, int, int, int],
    colour: Colour,
) -> None:
    """Join a label that had to go away from its box to it by a line."""
    x1, y1, _, y2 = box.round().astype(int).tolist()
    left, top, right, bottom = label_xyxy
    x = min(max(x1, left), right - 1)
    if bottom < y1:
        cv2.line(image, (x, bottom), (x, y1), colour)
    elif top > y2:
        cv2.line(image, (x, y2), (x, top), colour)


def _check_lengths(n: int, **lists: Sequence[object] | np.ndarray | None) -> None:
    for name, values in lists.items():
        if values is not None and len(values) != n:
            raise InputError(f"draw_people got {len(values)} {name} for {n} boxes: give one per box")


def draw_people(
    image_rgb: UInt8[np.ndarray, "h w 3"],
    xyxy: Float[np.ndarray, "n 4"],
    labels: Sequence[str],
    colours: Sequence[Colour],
    *,
    filled: Bool[np.ndarray, " n"] | None = None,
    pieces: Sequence[MaskPiece | None] | None = None,
    keypoints: Float[np.ndarray, "n 33 3"] | None = None,
    style: DrawStyle | None = None,
) -> UInt8[np.ndarray, "h w 3"]:
    """Draw the people of one frame.

    Args:
        image_rgb: The frame; left as it is.
        xyxy: A box per person, in frame pixels; one wholly outside the frame is not drawn.
        labels: Text per person (``label_text`` makes it); none where empty.
        colours: RGB per person (``identity_colours`` and ``UNKNOWN_COLOUR``).
        filled: True where the box was interpolated: drawn dashed.
        pieces: Mask per person, drawn in mode ``silhouette``; None for a person without one.
        keypoints: x, y in frame pixels and confidence, drawn in mode ``keypoints``; NaN is left out.
        style: Looks; the defaults of ``DrawStyle`` if None.

    Returns:
        A new picture of the same size.

    Raises:
        InputError: The lists differ in length.
    """
    style = style or DrawStyle()
    _check_lengths(
        len(xyxy), labels=labels, colours=colours, filled=filled, pieces=pieces, keypoints=keypoints
    )
    image = np.array(image_rgb, order="C")
    for piece, colour in zip(pieces or (), colours, strict=False):
        if style.mode == "silhouette" and piece is not None:
            _tint(image, piece, colour, style)
    if style.mode == "keypoints" and keypoints is not None:
        for points, colour in zip(keypoints, colours, strict=True):
            _skeleton(image, points, colour, style)
    boxes = clip_boxes(xyxy, (image.shape[1], image.shape[0]))
    visible = np.flatnonzero((boxes[:, 2:] > boxes[:, :2]).all(axis=1))
    people: list[int] = visible.tolist()
    line = _line_width(image, style)
    for i in people:
        if filled is not None and filled[i]:
            _dashed_box(image, boxes[i], colours[i], line)
        else:
            _box(image, boxes[i], colours[i], line)
    _draw_labels(image, boxes[visible], [labels[i] for i in people], [colours[i] for i in people], style)
    return image
