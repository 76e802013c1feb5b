"""The three files of the pack ``bytetrack``, under their published names, filled by the fixtures' rules."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import numpy as np

from support.published import humanseg_tensors, opengait_tensor, yolox_tensor
from support.shared import shared

GRAPH = "weights/human_pp_humansegv2_mobile"  # the official graph, without its weights
HUMANSEG = "human_pp_humansegv2_mobile_192x192_inference_model_with_softmax"
GREW_PEOPLE = 20000


def write_yolox(path: Path, variant: str = "x") -> Path:
    """Write a checkpoint as ByteTrack does."""
    import torch

    from gaitway.models import build_yolox

    own = build_yolox(variant, 1).state_dict()
    state = {k: torch.from_numpy(np.asarray(yolox_tensor(k, tuple(t.shape)))) for k, t in own.items()}
    torch.save({"start_epoch": 80, "model": state, "optimizer": {"state": {}, "param_groups": []}}, path)
    return path


def write_humanseg(folder: Path) -> Path:
    """Write the zip that PaddleSeg publishes."""
    from gaitway.adapters.checkpoints.paddle import write_pdiparams
    from gaitway.models.humanseg import build_humanseg, paddle_names

    inner = folder / HUMANSEG
    inner.mkdir()
    for name in ("deploy.yaml", "model.pdmodel"):
        shutil.copyfile(shared(GRAPH) / name, inner / name)
    network = build_humanseg()
    own = network.state_dict()
    shapes = {name: tuple(own[key].shape) for key, name in paddle_names(network).items()}
    write_pdiparams(inner / "model.pdiparams", humanseg_tensors(shapes, 18, 8.0))
    target = folder / f"{HUMANSEG}.zip"
    with zipfile.ZipFile(target, "w") as archive:
        for file in sorted(inner.iterdir()):
            archive.write(file, f"{HUMANSEG}/{file.name}")
    return target


def write_gaitbase(folder: Path, people: int = GREW_PEOPLE) -> Path:
    """Write OpenGait's zip of GaitBase; the classifier, which is not used, holds zeros."""
    import torch

    from gaitway.adapters.checkpoints.opengait_yaml import GAITBASE
    from gaitway.models import build_opengait

    own = build_opengait(GAITBASE).state_dict()
    state = {k: torch.from_numpy(np.asarray(opengait_tensor(k, tuple(t.shape)))) for k, t in own.items()}
    state["BNNecks.fc_bin"] = torch.zeros(16, 256, people)
    checkpoint = folder / "GaitBase_DA-180000.pt"
    torch.save({"model": state, "optimizer": {"state": {}}, "iteration": 180000}, checkpoint)
    target = folder / "pretrained_grew_gaitbase.zip"
    with zipfile.ZipFile(target, "w") as archive:
        archive.write(checkpoint, f"GREW/Baseline/GaitBase_DA/checkpoints/{checkpoint.name}")
    checkpoint.unlink()
    return target
