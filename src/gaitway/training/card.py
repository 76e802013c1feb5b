"""The model card of a trained encoder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from gaitway._version import __version__
from gaitway.training.loop import Trained
from gaitway.training.recipe import Recipe

_CARD = """# {name}

An encoder of walks, trained by gaitway {version}: {network}, {parameters:,} weights. It turns the aligned
silhouettes of one walk into {parts} body parts of {channels} numbers each; two walks are compared by the
mean over parts of the {metric} distance.

    gaitway identify --gallery G.mp4 --probe P.mp4 --encoder {file}

Model id: `{model_id}`. Embeddings of other ids are never compared with this one's.

## Trained on

{people} people of the data set `{data}`, {steps} steps of {batch} walks ({frames}), {precision}, seed {seed}.
Losses: {losses}. Transforms: {augment}. The whole recipe is in `training.json`.

## Measured

{numbers}

## Limits

It knows the walks it was trained on: other cameras, clothes, ages and ways of cutting people out were not
tested unless the table above says so. Its scores are not calibrated for open-set decisions before
`gaitway calibrate` was run on walks like yours. Embeddings of people are personal data; consent, and the
rules where you use it, are yours to keep.

Files: {files}.
"""


def model_card(trained: Trained, recipe: Recipe, model_id: str, files: Sequence[str]) -> str:
    """Return a model card as Markdown."""
    network = trained.network
    weights = {n: p for n, p in network.named_parameters() if not n.endswith("BNNecks.fc_bin")}
    shape = next(
        (p.shape for n, p in weights.items() if n in {"FCs.fc_bin", "Head.fc_bin", "Head0.fc_bin"}), None
    )
    losses = {
        name: loss.weight
        for name, loss in (
            ("triplet", recipe.losses.triplet),
            ("cross-entropy", recipe.losses.cross_entropy),
            ("supervised contrastive", recipe.losses.contrastive),
        )
    }
    return _CARD.format(
        name=recipe.name,
        version=__version__,
        network=recipe.model["model"],
        parameters=sum(p.numel() for p in weights.values()),
        parts=shape[0] if shape is not None else "some",
        channels=shape[2] if shape is not None else "some",
        metric={"euc": "Euclidean", "cos": "cosine"}[recipe.evaluation.metric],
        file=f"{files[0]}",
        model_id=model_id,
        people=trained.people,
        data=PurePath(recipe.data.path).name,
        steps=recipe.steps,
        batch=recipe.sampler.people * recipe.sampler.walks,
        frames=f"{recipe.frames.order.replace('_', ', ')} frames",
        precision=recipe.precision,
        seed=recipe.seed,
        losses=", ".join(f"{name} x {weight:g}" for name, weight in losses.items() if weight),
        augment=", ".join(str(step["type"]) for step in recipe.augment) or "none",
        numbers=_table(trained, recipe),
        files=", ".join(f"`{name}`" for name in files),
    )


def _table(trained: Trained, recipe: Recipe) -> str:
    if not trained.numbers:
        return "Not measured."
    rows = "\n".join(f"| {name} | {value:.2f} |" for name, value in trained.numbers.items())
    return f"Protocol {recipe.evaluation.protocol}, percent:\n\n| | |\n| --- | --- |\n{rows}"
