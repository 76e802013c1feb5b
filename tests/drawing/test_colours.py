from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gaitway.drawing.colours import UNKNOWN_COLOUR, _colours, _to_lab, identity_colours, ink_on

LABELS = st.lists(st.text(max_size=8), max_size=80)
COLOUR = st.tuples(*[st.integers(0, 255)] * 3)


def luminance(colour):
    """Relative luminance as WCAG 2.2 writes it, channel by channel."""
    total = 0.0
    for value, weight in zip(colour, (0.2126, 0.7152, 0.0722), strict=True):
        c = value / 255
        total += weight * (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4)
    return total


@given(LABELS, LABELS)
def test_identities_added_at_the_end_leave_the_other_colours_alone(labels, more):
    before, after = identity_colours(labels), identity_colours(labels + more)
    assert {label: after[label] for label in before} == before


@given(st.lists(st.text(max_size=8), max_size=64, unique=True))
def test_the_first_64_identities_have_64_colours_and_none_is_the_unknowns_grey(labels):
    colours = identity_colours(labels)
    assert len({*colours.values(), UNKNOWN_COLOUR}) == len(labels) + 1


def test_colours_come_round_again_after_64():
    colours = identity_colours([str(i) for i in range(130)])
    assert colours["0"] == colours["64"] == colours["128"]


def test_any_two_colours_and_grey_are_well_apart():
    lab = _to_lab(np.array([*_colours(), UNKNOWN_COLOUR]))
    gap = np.linalg.norm(lab[:, None] - lab[None], axis=2) + 1e3 * np.eye(len(lab))
    assert gap.min() >= 20.0  # CIE76; about 2.3 is just noticeable
    assert gap[:32, :32].min() >= 26.0


def test_the_first_seven_stay_apart_for_eyes_without_green_cones():
    # Deuteranopia in linear RGB: Machado, Oliveira and Fernandes (2009), severity 1.
    deuteranopia = np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    )
    rgb = np.array(_colours()[:7]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ deuteranopia.T
    seen = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear.clip(0) ** (1 / 2.4) - 0.055)
    lab = _to_lab((seen.clip(0, 1) * 255).round().astype(np.int64))
    gap = np.linalg.norm(lab[:, None] - lab[None], axis=2) + 1e3 * np.eye(7)
    assert gap.min() >= 10.0


@given(COLOUR)
def test_text_always_has_the_contrast_that_wcag_asks_for(colour):
    light, dark = sorted((luminance(colour), luminance(ink_on(colour))), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5
