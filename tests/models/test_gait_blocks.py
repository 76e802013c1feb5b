"""The gait networks' parts against plain loops."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra torch is not installed")

from gaitway.models import fuse_conv_bn  # noqa: E402
from gaitway.models.opengait.blocks import PartBatchNorm, SeparateBNNecks, SeparateFCs, pool_strips  # noqa: E402
from gaitway.models.opengait.gaitgl import GeneralizedMean, repeat_short  # noqa: E402
from gaitway.models.opengait.plain import FocalConv2d  # noqa: E402
from gaitway.models.opengait.pseudo3d import BasicBlock3d, BasicBlockP3d  # noqa: E402
from gaitway.models.opengait.resnet import BasicBlock2d  # noqa: E402
from gaitway.models.opengait.swin3d import cut_windows, join_windows, relative_positions, shift_mask  # noqa: E402


@pytest.fixture(autouse=True)
def _same_numbers_every_time():
    torch.manual_seed(0)


def settle(network):
    """Give normalisations statistics as after training."""
    for module in network.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 2.0)
    return network.eval()


def test_strips_by_loops():
    x = torch.rand(2, 3, 8, 5)
    got = pool_strips(x, [4, 2])
    plain = []
    for bins in (4, 2):
        rows = 8 // bins
        for b in range(bins):
            strip = x[:, :, b * rows : (b + 1) * rows].flatten(2)
            plain.append(strip.mean(-1) + strip.amax(-1))
    assert torch.allclose(got, torch.stack(plain, dim=-1))


def test_one_matrix_per_part_by_loops():
    layer, x = SeparateFCs(5, 3, 4), torch.rand(2, 3, 5)
    plain = torch.stack([x[..., p] @ layer.fc_bin[p] for p in range(5)], dim=-1)
    assert torch.allclose(layer(x), plain, atol=1e-6)


def test_neck_gives_cosines():
    neck, x = settle(SeparateBNNecks(3, 4, 6)), torch.rand(2, 4, 3)
    unit, logits = neck(x)
    assert torch.allclose(unit.norm(dim=1), torch.ones(2, 3), atol=1e-6)
    assert logits.shape == (2, 6, 3)
    assert logits.abs().max() <= 1 + 1e-6
    same = torch.nn.functional.normalize(PartBatchNorm(3, 4).eval()(x), dim=1)
    assert torch.allclose(SeparateBNNecks(3, 4, 6).eval()(x)[0], same)


def test_focal_convolution_sees_no_other_strip():
    layer, x = FocalConv2d(1, 2, 3, 1, halving=1), torch.rand(1, 1, 8, 6)
    changed = x.clone()
    changed[:, :, 4:] += 1
    assert torch.equal(layer(x)[:, :, :4], layer(changed)[:, :, :4])
    assert not torch.equal(layer(x)[:, :, 4:], layer(changed)[:, :, 4:])


def test_generalised_mean_tends_to_the_maximum():
    x = 0.5 + torch.rand(2, 3, 4, 9) / 2  # small numbers to a high power would vanish
    assert torch.allclose(GeneralizedMean(1.0)(x), x.mean(-1), atol=1e-6)
    assert (GeneralizedMean(60.0)(x) - x.amax(-1)).abs().max() < 1 - (1 / 9) ** (1 / 60)


@pytest.mark.parametrize(
    ("frames", "wanted"), [(1, [0, 0, 0]), (2, [0, 1, 0, 1]), (3, [0, 1, 2]), (4, [0, 1, 2, 3])]
)
def test_short_walks_are_repeated_whole(frames, wanted):
    walk = torch.arange(frames).float().reshape(1, 1, frames, 1, 1)
    assert repeat_short(walk, 3).flatten().tolist() == wanted


def test_windows_are_cut_and_joined():
    x = torch.rand(2, 6, 6, 10, 3)
    windows = cut_windows(x, (3, 3, 5))
    assert windows.shape == (2 * 2 * 2 * 2, 45, 3)
    assert torch.equal(windows[1].reshape(3, 3, 5, 3), x[0, :3, :3, 5:])
    assert torch.equal(join_windows(windows, (3, 3, 5), (2, 6, 6, 10)), x)


def test_relative_positions_by_loops():
    window = (2, 3, 2)
    table = relative_positions(window)
    places = [(t, h, w) for t in range(2) for h in range(3) for w in range(2)]
    rows = {}
    for i, a in enumerate(places):
        for j, b in enumerate(places):
            offset = tuple(p - q for p, q in zip(a, b, strict=True))
            assert rows.setdefault(offset, int(table[i, j])) == int(table[i, j])
    assert sorted(rows.values()) == list(range(3 * 5 * 3))


def test_shift_mask_parts_what_wrapped_round():
    size, window, shift = (6, 3, 5), (3, 3, 5), [1, 0, 0]
    mask = shift_mask(size, window, shift)
    assert (mask[0] == 0).all()  # the first window holds frames 1 to 3: neighbours
    frames = np.repeat([4, 5, 0], 15)  # the second holds 4, 5 and, wrapped round, 0
    apart = (frames[:, None] == 0) != (frames[None] == 0)
    assert np.array_equal(mask[1].numpy() != 0, apart)


@pytest.mark.parametrize(
    ("block", "shape"),
    [
        (lambda: BasicBlock2d(4, 6, 2), (2, 4, 8, 6)),
        (lambda: BasicBlock3d(4, 6, (2, 2)), (2, 4, 3, 8, 6)),
        (lambda: BasicBlockP3d(4, 6, (2, 2)), (2, 4, 3, 8, 6)),
    ],
)
def test_fusion_keeps_the_function(block, shape):
    torch.manual_seed(0)
    network = settle(block())
    fused = fuse_conv_bn(network)
    assert not [m for m in fused.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
    x = torch.rand(*shape)
    with torch.no_grad():
        assert (fused(x) - network(x)).abs().max() < 1e-5
