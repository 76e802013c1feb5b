"""gaitway evaluate: tracking and recognition measured by the field's protocols."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from gaitway.cli import options
from gaitway.errors import InputError

app = typer.Typer(help="Measure tracking and recognition by the field's protocols.", no_args_is_help=True)

_SHOWN = ("HOTA", "DetA", "AssA", "MOTA", "IDF1")
_COUNTS = ("IDSW", "Frag", "FP", "FN")
_ARRAYS = ("embeddings", "labels", "types", "views")


@app.command()
def tracking(
    *,
    gt: Annotated[Path, typer.Option("--gt", help="Folder of MOTChallenge ground truth.")],
    pred: Annotated[Path, typer.Option("--pred", help="Folder of <sequence>.txt results.")],
    json: options.Json = False,
) -> int:
    """HOTA, CLEAR and Identity of MOTChallenge texts, per sequence and combined (extra: eval)."""
    from gaitway.evaluation.tracking import evaluate_tracking

    found = evaluate_tracking(gt, pred)
    if json:
        typer.echo(json_module.dumps(found, indent=1))
        return 0
    typer.echo(f"{'sequence':<24}" + "".join(f"{n:>8}" for n in _SHOWN) + "".join(f"{n:>7}" for n in _COUNTS))
    for name, metrics in {**found["sequences"], "COMBINED": found["combined"]}.items():
        shares = "".join(f"{100 * metrics[n]:8.2f}" for n in _SHOWN)
        counts = "".join(f"{metrics[_name(n, metrics)]:7.0f}" for n in _COUNTS)
        typer.echo(f"{name:<24}{shares}{counts}")
    return 0


@app.command()
def recognition(
    *,
    features: Annotated[Path, typer.Argument(help="npz with embeddings (N,P,C), labels, types and views.")],
    protocol: Annotated[str, typer.Option(help="casia-b, oumvlp, sustech1k, ccpg, gait3d, grew or hid.")],
    metric: Annotated[str, typer.Option(help="euc or cos.")] = "euc",
    option: Annotated[
        list[str] | None, typer.Option(help="An option of the protocol as name=value; repeatable.")
    ] = None,
) -> int:
    """Rank-k, mAP and mINP as published, as JSON."""
    from gaitway.evaluation import evaluate

    arrays = _read(features)
    chosen = dict(_option(text) for text in option or [])
    embeddings, labels, types, views = (arrays[name] for name in _ARRAYS)
    found = evaluate(protocol, embeddings, labels, types, views, metric, **chosen)
    typer.echo(json_module.dumps(found, indent=1, default=_plain))
    return 0


def _name(count: str, metrics: dict[str, Any]) -> str:
    """Return TrackEval's name of a count of CLEAR."""
    return count if count in metrics else f"CLR_{count}"


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in _ARRAYS}
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{path} cannot be read ({error}): wanted an npz file with {', '.join(_ARRAYS)}"
        ) from error


def _option(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not sign:
        raise InputError(f"option {text!r} has no value: write name=value")
    try:
        return name, json_module.loads(value)
    except ValueError:
        return name, value


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)
