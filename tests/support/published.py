"""The fixtures' rules for filling published networks with reproducible weights."""

import json
import math
import re
import zlib
from pathlib import Path

import numpy as np


def _draws(key: str) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(zlib.crc32(key.encode())))


def opengait_tensor(key: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return the tensor that the OpenGait fixtures put under ``key``."""
    rng, leaf = _draws(key), key.rsplit(".", 1)[-1]
    if leaf == "num_batches_tracked":
        return np.array(1000, np.int64)
    if leaf == "p":
        return np.full(shape, 4.5, np.float32)
    if leaf == "running_var":
        out = rng.uniform(0.5, 1.5, size=shape)
    elif leaf in {"running_mean", "bias", "relative_position_bias_table"}:
        out = 0.1 * rng.standard_normal(size=shape)
    elif leaf == "fc_bin":
        out = math.sqrt(2 / shape[1]) * rng.standard_normal(size=shape)
    elif len(shape) == 1:
        out = rng.uniform(0.5, 1.5, size=shape)
    else:
        out = math.sqrt(2 / math.prod(shape[1:])) * rng.standard_normal(size=shape)
    return out.astype(np.float32)


def opengait_state(folder: Path, without: tuple[str, ...] = ()) -> dict[str, np.ndarray]:
    """Return the filled tensors of a fixture model, except its structural ones and those ``without``."""
    listed = json.loads((folder / "state_dict.json").read_text())
    return {
        t["key"]: opengait_tensor(t["key"], tuple(t["shape"]))
        for t in listed
        if not t["key"].endswith("relative_position_index") and t["key"] not in without
    }


RESIDUAL = re.compile(r"^backbone\.backbone\.dark[234]\.1\.m\.\d+\.conv2\.(pconv\.)?bn\.weight$")
PREDICTION = re.compile(r"^head\.(cls|reg|obj)_preds\.\d\.weight$")


def yolox_tensor(key: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return the tensor that the YOLOX fixtures put under ``key``."""
    rng = _draws(key)
    if key.endswith("num_batches_tracked"):
        return np.array(1000, np.int64)
    if key.endswith("running_mean"):
        out = rng.normal(0.0, 0.1, shape)
    elif key.endswith("running_var"):
        out = rng.uniform(0.5, 1.5, shape)
    elif key.endswith(".weight") and len(shape) == 4:
        gain = 0.2 if PREDICTION.match(key) else 1.8
        out = rng.normal(0.0, math.sqrt(gain / math.prod(shape[1:])), shape)
    elif RESIDUAL.match(key):
        out = rng.uniform(0.1, 0.3, shape)
    elif key.endswith(".weight"):
        out = rng.uniform(0.5, 1.5, shape)
    else:
        out = rng.normal(0.0, 0.1, shape)
    return out.astype(np.float32)


def humanseg_tensors(
    shapes: dict[str, tuple[int, ...]], seed: int, last_gain: float
) -> dict[str, np.ndarray]:
    """Return the tensors that the PP-HumanSeg fixtures put under the published names."""
    pattern = np.random.RandomState(seed).standard_normal(1021).astype(np.float32)
    filled = {}
    for i, name in enumerate(sorted(shapes)):
        shape = shapes[name]
        v = pattern[(np.arange(math.prod(shape)) + 131 * i) % 1021].reshape(shape)
        if len(shape) == 4:
            gain = last_gain if shape == (2, shape[1], 1, 1) else 1.0
            filled[name] = v * np.float32(gain * math.sqrt(2 / math.prod(shape[1:])))
        elif name.startswith("batch_norm") and name.endswith(".w_0"):
            filled[name] = 1 + np.float32(0.1) * v
        elif name.startswith("batch_norm") and name.endswith(".w_2"):
            filled[name] = 1 + np.float32(0.25) * np.clip(v, -2, 2)
        elif name.startswith("uafm"):
            filled[name] = np.ones(shape, np.float32)
        else:
            filled[name] = np.float32(0.1) * v
    return filled


def yolox_scene(height: int, width: int) -> np.ndarray:
    """Draw the YOLOX fixtures' scene, BGR."""
    y, x, c = np.ogrid[:height, :width, :3]
    image = ((40 + 60 * c + (x * 100) // width + (y * 80) // height) % 256).astype(np.uint8)
    for i in range(24):
        left, top = (37 * i * i + 11 * i) % width, (53 * i * i + 29 * i) % height
        wide, high = width // 20 + ((i % 5) * width) // 40, height // 6 + ((i % 7) * height) // 20
        image[top : top + high, left : left + wide] = [
            (91 * i) % 256,
            (57 * i + 80) % 256,
            (33 * i + 160) % 256,
        ]
    return image


def yolox_noise(seed: int, height: int, width: int) -> np.ndarray:
    """Draw the YOLOX fixtures' noise, BGR."""
    rng = np.random.Generator(np.random.PCG64(seed))
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


def opengait_walk(root: Path, model: str, sequence: str) -> np.ndarray:
    """Return what a fixture model is shown of a sequence, uint8 (T, H, W) or (T, C, H, W), not yet cut."""
    silhouettes = np.load(root / "inputs/inputs.npz")[sequence]
    maps = np.load(root / "inputs/heatmaps.npz")[sequence]
    if model.startswith("skeletongaitpp"):
        return np.concatenate([maps, silhouettes[:, None]], axis=1)
    if model == "skeletongait_ccpg":
        return maps
    if model == "multigaitpp_gait3d":
        return np.concatenate([silhouettes[:, None], maps[:, :1]], axis=1)[..., 10:54]
    return silhouettes
