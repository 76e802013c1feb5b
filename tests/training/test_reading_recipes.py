import copy
import json

import pytest
import torch
import yaml

from gaitway.errors import ConfigError
from gaitway.training.network import WITHOUT_CLASSIFIER, build_training_network
from gaitway.training.read_recipe import read_recipe, recipe_from
from gaitway.training.recipe import Recipe
from support.shared import shared

# The published configuration of GaitBase on CASIA-B, its settings by the paper's and the fixtures' tables.
OPENGAIT = """
data_cfg:
  dataset_name: CASIA-B
  dataset_root: your_path
  dataset_partition: ./datasets/CASIA-B/CASIA-B.json
  num_workers: 1
  remove_no_gallery: false
  test_dataset_name: CASIA-B
evaluator_cfg:
  enable_float16: true
  restore_ckpt_strict: true
  restore_hint: 60000
  save_name: GaitBase_DA
  sampler: {batch_shuffle: false, batch_size: 16, sample_type: all_ordered, frames_all_limit: 720,
    type: InferenceSampler}
  metric: euc
  transform:
    - type: BaseSilCuttingTransform
loss_cfg:
  - {loss_term_weight: 1.0, margin: 0.2, type: TripletLoss, log_prefix: triplet}
  - {loss_term_weight: 1.0, scale: 16, type: CrossEntropyLoss, log_prefix: softmax, log_accuracy: true}
model_cfg:
  model: Baseline
  backbone_cfg: {type: ResNet9, block: BasicBlock, channels: [64, 128, 256, 512], layers: [1, 1, 1, 1],
    strides: [1, 2, 2, 1], maxpool: false}
  SeparateFCs: {in_channels: 512, out_channels: 256, parts_num: 16}
  SeparateBNNecks: {class_num: 74, in_channels: 256, parts_num: 16}
  bin_num: [16]
optimizer_cfg: {lr: 0.1, momentum: 0.9, solver: SGD, weight_decay: 0.0005}
scheduler_cfg: {gamma: 0.1, milestones: [20000, 40000, 50000], scheduler: MultiStepLR}
trainer_cfg:
  enable_float16: true
  fix_BN: false
  with_test: false
  log_iter: 100
  restore_ckpt_strict: true
  restore_hint: 0
  save_iter: 20000
  save_name: GaitBase_DA
  sync_BN: true
  total_iter: 60000
  sampler: {batch_shuffle: true, batch_size: [8, 16], frames_num_fixed: 30, frames_skip_num: 0,
    sample_type: fixed_unordered, type: TripletSampler}
  transform:
    - type: Compose
      trf_cfg:
        - {type: RandomPerspective, prob: 0.2}
        - type: BaseSilCuttingTransform
        - {type: RandomHorizontalFlip, prob: 0.2}
        - {type: RandomRotate, prob: 0.2}
"""


def opengait():
    return copy.deepcopy(yaml.safe_load(OPENGAIT))


def test_the_published_yaml_is_read_whole(tmp_path):
    path = tmp_path / "gaitbase.yaml"
    path.write_text(OPENGAIT)
    recipe = read_recipe(path)
    assert recipe.model["SeparateBNNecks"]["class_num"] == 74
    assert (recipe.data.path, recipe.data.partition) == ("your_path", "./datasets/CASIA-B/CASIA-B.json")
    assert (recipe.sampler.people, recipe.sampler.walks, recipe.sampler.shuffle) == (8, 16, True)
    assert (recipe.frames.order, recipe.frames.count) == ("fixed_unordered", 30)
    assert [s["type"] for s in recipe.augment] == [
        "RandomPerspective",
        "CutSides",
        "RandomHorizontalFlip",
        "RandomRotate",
    ]
    assert (recipe.losses.triplet.margin, recipe.losses.cross_entropy.scale) == (0.2, 16.0)
    assert recipe.losses.cross_entropy.smoothing == 0.1
    assert recipe.losses.contrastive.weight == 0
    assert (recipe.optimizer.lr, recipe.optimizer.solver) == (0.1, "SGD")
    assert recipe.scheduler.milestones == (20000, 40000, 50000)
    assert (recipe.steps, recipe.save_every, recipe.precision, recipe.sync_bn) == (60000, 20000, "f16", True)
    assert (recipe.evaluation.protocol, recipe.evaluation.metric, recipe.evaluation.every) == (
        "casia-b",
        "euc",
        0,
    )
    assert recipe.evaluation.max_frames == 720
    assert recipe.name == "GaitBase_DA"


@pytest.mark.parametrize(
    ("section", "change", "said"),
    [
        ("trainer_cfg", {"total_iters": 5}, "did you mean total_iter"),
        (
            "trainer_cfg",
            {"sampler": {"batch_sizes": [8, 16]}},
            r"sampler\.batch_sizes.*did you mean batch_size",
        ),
        ("trainer_cfg", {"sampler": {"batch_size": 128}}, "wanted .people, walks of each."),
        ("trainer_cfg", {"sampler": {"sample_type": "fixed"}}, "wanted one of 'fixed_ordered'"),
        ("trainer_cfg", {"transform": [{"type": "RandomRotat"}]}, "did you mean RandomRotate"),
        ("trainer_cfg", {"restore_hint": 20000}, "go on by themselves"),
        ("trainer_cfg", {"fix_layers": True}, "fix_layers asks to keep layers"),
        ("data_cfg", {"dataset_rot": "x"}, "did you mean dataset_root"),
        ("data_cfg", {"test_dataset_name": "CASIAB"}, "did you mean CASIA-B"),
        ("data_cfg", {"remove_no_gallery": True}, "leave those walks out"),
        ("data_cfg", {"data_in_use": [True, False]}, "dataset prepare --maps"),
        ("optimizer_cfg", {"nesterovs": True}, "unknown key optimizer_cfg.nesterovs"),
        ("optimizer_cfg", {"lr": "fast"}, "wanted float"),
        ("scheduler_cfg", {"milestones": 5}, "wanted a list"),
        ("scheduler_cfg", {"scheduler": "StepLR"}, "wanted one of 'MultiStepLR'"),
        ("evaluator_cfg", {"eval_func": "evaluate_gait3d"}, "did you mean evaluate_Gait3D"),
        ("evaluator_cfg", {"metrics": "cos"}, "did you mean metric"),
    ],
)
def test_what_is_not_done_is_said(section, change, said):
    content = opengait()
    content[section] |= change
    with pytest.raises(ConfigError, match=said):
        recipe_from(content)


def test_keys_of_the_first_published_configurations():
    """As OpenGait's page on configurations prints them: a plain backbone, an older name of the evaluation."""
    content = opengait()
    content["evaluator_cfg"] |= {
        "eval_func": "identification",
        "transform": [{"type": "BaseSilCuttingTransform", "img_w": 64}],
    }
    content["loss_cfg"][1]["loss_term_weight"] = 0.1
    content["model_cfg"] = {
        "model": "Baseline",
        "backbone_cfg": {
            "in_channels": 1,
            "layers_cfg": ["BC-64", "BC-64", "M", "BC-128", "BC-128", "M", "BC-256", "BC-256"],
            "type": "Plain",
        },
        "SeparateFCs": {"in_channels": 256, "out_channels": 256, "parts_num": 31},
        "SeparateBNNecks": {"class_num": 74, "in_channels": 256, "parts_num": 31},
        "bin_num": [16, 8, 4, 2, 1],
    }
    content["trainer_cfg"] |= {
        "fix_layers": False,
        "transform": [{"type": "BaseSilCuttingTransform", "img_w": 64}],
    }
    content["trainer_cfg"]["sampler"] |= {"frames_num_max": 50, "frames_num_min": 25}
    recipe = recipe_from(content)
    assert recipe.evaluation.protocol == "casia-b"
    assert recipe.losses.cross_entropy.weight == pytest.approx(0.1)
    assert recipe.cuts_sides
    network = build_training_network(recipe.model, 74, classifies=True)
    features, logits = network(torch.zeros(2, 1, 2, 64, 44))
    assert (features.shape, logits.shape) == ((2, 256, 31), (2, 74, 31))


@pytest.mark.parametrize(
    "name",
    [
        "gaitset_casiab",
        "gaitpart_casiab",
        "gaitgl_grew_bnneck",
        "gaitbase_casiab",
        "deepgaitv2_p3d_gait3d",
        "deepgaitv2_3d_gait3d",
        "swingait_gait3d",
        "skeletongait_ccpg",
        "skeletongaitpp_grew",
        "multigaitpp_gait3d",
        "sconet",
    ],
)
def test_published_networks_are_taken(name):
    """Every published model_cfg in a whole yaml gives a recipe and a network to train."""
    content = opengait()
    content["model_cfg"] = json.loads(shared(f"fixtures/opengait/{name}/config.json").read_text())[
        "model_cfg"
    ]
    recipe = recipe_from(content)
    assert recipe.model == content["model_cfg"]
    classifies = content["model_cfg"]["model"] not in WITHOUT_CLASSIFIER
    with torch.device("meta"):  # shapes alone: no time is spent on weights
        network = build_training_network(recipe.model, 3, classifies=classifies)
    assert sum(weight.numel() for weight in network.parameters()) > 1e6


def test_unknown_sections_and_losses_are_errors():
    with pytest.raises(ConfigError, match="unknown key trainers_cfg: did you mean trainer_cfg"):
        recipe_from({**opengait(), "trainers_cfg": {}})
    with pytest.raises(ConfigError, match="lacks loss_cfg"):
        recipe_from({k: v for k, v in opengait().items() if k != "loss_cfg"})
    content = opengait()
    content["loss_cfg"][0]["type"] = "TripletLos"
    with pytest.raises(ConfigError, match="did you mean TripletLoss"):
        recipe_from(content)
    content["loss_cfg"] = [opengait()["loss_cfg"][0]] * 2
    with pytest.raises(ConfigError, match="TripletLoss twice"):
        recipe_from(content)


def test_losses_that_are_absent_weigh_nothing():
    content = opengait()
    content["loss_cfg"] = [{"type": "TripletLoss", "margin": 0.3, "loss_term_weight": 2.0}]
    losses = recipe_from(content).losses
    assert (losses.triplet.weight, losses.triplet.margin, losses.cross_entropy.weight) == (2.0, 0.3, 0.0)
    content["loss_cfg"] = {"type": "CrossEntropyLoss", "label_smooth": False}
    losses = recipe_from(content).losses
    assert (losses.triplet.weight, losses.cross_entropy.smoothing) == (0.0, 0.0)


def test_swingaits_solver_is_read():
    content = opengait()
    content["optimizer_cfg"] = {"lr": 3.0e-4, "solver": "AdamW", "weight_decay": 2.0e-2}
    content["scheduler_cfg"] = {"T_max": 1000, "eta_min": 1.0e-5, "scheduler": "CosineAnnealingLR"}
    recipe = recipe_from(content)
    assert (recipe.optimizer.solver, recipe.scheduler.T_max, recipe.scheduler.eta_min) == (
        "AdamW",
        1000,
        1e-5,
    )


def test_our_own_form():
    recipe = recipe_from({"model": "gaitbase", "data": "walks", "steps": 7})
    assert isinstance(recipe, Recipe)
    assert (recipe.data.path, recipe.steps, recipe.cuts_sides) == ("walks", 7, True)
    assert not recipe_from({"model": "gaitbase", "data": "walks", "cut_sides": False}).cuts_sides
    for wrong, said in [
        ({"model": "gaitbas", "data": "w"}, "did you mean gaitbase"),
        ({"model": "gaitbase"}, "lacks data"),
        ({"model": {}, "data": "w"}, "names no network"),
        ({"model": "gaitbase", "data": "w", "step": 7}, "did you mean steps"),
        ({"model": "gaitbase", "data": "w", "steps": 0}, "wanted 1 or more"),
        ({"model": "gaitbase", "data": "w", "augment": "flip"}, "augment is no list"),
        ({"model": "gaitbase", "data": "w", "losses": {"triplet": {"weight": -1}}}, "none below 0"),
        ({"model": "gaitbase", "data": {"path": "w", "worker": 2}}, r"data\.worker: did you mean workers"),
    ]:
        with pytest.raises(ConfigError, match=said):
            recipe_from(wrong)


def test_files_that_are_no_settings(tmp_path):
    for text, said in [("a: [", "is not yaml"), ("- 1", "no settings"), ("", "no settings")]:
        (tmp_path / "x.yaml").write_text(text)
        with pytest.raises(ConfigError, match=said):
            read_recipe(tmp_path / "x.yaml")
    with pytest.raises(ConfigError, match="no config at"):
        read_recipe(tmp_path / "absent.yaml")
