import json

import numpy as np
import pytest

from gaitway.detection.decode import anchor_grid, decode, postprocess
from gaitway.errors import InputError
from support.shared import shared


@pytest.mark.shared
@pytest.mark.parametrize("variant", ["nano", "s", "x"])
def test_decoding_equals_the_reference(variant):
    stored = np.load(shared(f"fixtures/yolox/out_{variant}_160x288.npz"))
    decoded = decode(stored["raw"], (160, 288))
    assert np.allclose(decoded, stored["decoded"], atol=5e-3, rtol=1e-4)


@pytest.mark.shared
def test_postprocessing_equals_the_reference():
    cases = json.loads(shared("fixtures/yolox/postprocess_synth.json").read_text())
    stored = np.load(shared("fixtures/yolox/postprocess_synth.npz"))
    for case in cases:
        found = postprocess(
            stored[f"{case['name']}/pred"], min_confidence=case["conf_thre"], max_iou=case["nms_thre"]
        )
        wanted = stored[f"{case['name']}/dets"]
        assert np.array_equal(found[np.lexsort(found.T)], wanted[np.lexsort(wanted.T)]), case["name"]


@pytest.mark.shared
@pytest.mark.parametrize("variant", ["nano", "s", "x"])
@pytest.mark.parametrize("picture", [0, 1])
def test_decoding_and_postprocessing_together(variant, picture):
    stored = np.load(shared(f"fixtures/yolox/out_{variant}_160x288.npz"))
    decoded = decode(stored["raw"][picture : picture + 1], (160, 288))[0]
    found = postprocess(decoded, min_confidence=0.001, max_iou=0.7)
    wanted = stored[f"dets_c0001_img{picture}"]
    assert len(found) == len(wanted)
    found, wanted = found[np.lexsort(found.T[:1])], wanted[np.lexsort(wanted.T[:1])]
    assert np.allclose(found[:, :6], wanted[:, :6], atol=6e-3, rtol=1e-4)


def test_anchors_are_ordered_by_stride_then_rows():
    cells, strides = anchor_grid((64, 96))
    assert len(cells) == 8 * 12 + 4 * 6 + 2 * 3
    assert cells[:2].tolist() == [[0, 0], [1, 0]]
    assert cells[12].tolist() == [0, 1]
    assert strides[[0, 95, 96, -1], 0].tolist() == [8, 8, 16, 32]


def test_output_of_another_size_is_refused():
    with pytest.raises(InputError, match="126 anchors, wanted 84"):
        decode(np.zeros((1, 126, 6), np.float32), (64, 64))


def test_one_anchor_is_no_special_case():
    found = postprocess(np.array([[10, 10, 4, 6, 0.9, 0.8]], np.float32), min_confidence=0.5, max_iou=0.7)
    assert np.allclose(found, [[8, 7, 12, 13, 0.9, 0.8, 0]])
