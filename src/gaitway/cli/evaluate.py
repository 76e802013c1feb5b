"""gaitway evaluate: tracking and recognition measured by the field's protocols."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from gaitway.cli import options
from gaitway.cli.dataset import Layout, Maps, PartitionFile
from gaitway.cli.show import reporter
from gaitway.errors import ConfigError, InputError
from gaitway.evaluation.bootstrap import Interval
from gaitway.wiring import evaluation
from gaitway.wiring.evaluation import Evaluated

app = typer.Typer(help="Measure tracking and recognition by the field's protocols.", no_args_is_help=True)

_SHOWN = ("HOTA", "DetA", "AssA", "MOTA", "IDF1")
_COUNTS = ("IDSW", "Frag", "FP", "FN")


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
    features: Annotated[
        Path | None, typer.Argument(help="npz with embeddings (N,P,C), labels, types and views.")
    ] = None,
    protocol: Annotated[
        str, typer.Option(help="casia-b, oumvlp, sustech1k, ccpg, gait3d, grew-train, grew or hid.")
    ],
    dataset: Annotated[Path | None, typer.Option(help="Instead of features: a data set to encode.")] = None,
    encoder: options.Encoder = None,
    encoder_config: Annotated[
        Path | None, typer.Option("--encoder-config", help="A checkpoint's OpenGait yaml.")
    ] = None,
    partition: PartitionFile = None,
    subset: Annotated[
        str | None, typer.Option("--subset", help="train, test, probe or gallery. Default: test.")
    ] = None,
    layout: Layout = "auto",
    maps: Maps = None,
    metric: Annotated[str, typer.Option(help="euc or cos.")] = "euc",
    cross_view_gallery: Annotated[
        bool, typer.Option("--cross-view-gallery", help="One gallery of all views (casia-b, oumvlp).")
    ] = False,
    rerank: Annotated[
        bool, typer.Option("--rerank", help="Re-rank by mutual neighbours (hid, grew, gait3d).")
    ] = False,
    probe_set: Annotated[
        Path | None, typer.Option("--probe-set", help="json list of probes (gait3d).")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="Any option of the protocol as name=value; repeatable.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for the full report, or for submission.csv.")
    ] = None,
    save_features: Annotated[
        Path | None, typer.Option("--save-features", help="Keep the embeddings as npz.")
    ] = None,
    pack: options.Pack = None,
    precision: options.Precision = None,
    threads: options.Threads = None,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> int:
    """Rank-k, mAP and mINP as published; with --out also open set, verification, intervals and curves."""
    if (features is None) == (dataset is None):
        raise ConfigError("name either a file of features or --dataset, not both")
    choice = (
        None if dataset is None else evaluation.DatasetChoice(dataset, partition, subset, layout, maps or ())
    )
    chosen = evaluation.options_of(
        protocol,
        cross_view_gallery=cross_view_gallery,
        rerank=rerank,
        probe_set=probe_set,
        partition=partition if choice is None else choice.partition_file,
    ) | dict(_option(text) for text in option or [])
    settings = options.settings_from(None, pack=pack, encoder=encoder, precision=precision, threads=threads)
    if choice is not None:
        with reporter(quiet=quiet) as report:
            samples, model_id = evaluation.encode_dataset(
                choice, None, encoder_config, metric=metric, settings=settings, report=report
            )
    else:
        samples, model_id = evaluation.read_features(Path(str(features)), metric), ""
    if save_features is not None:
        evaluation.write_features(save_features, samples, model_id)
    title = f"{model_id or Path(str(features)).stem}, {protocol}, {metric}"
    found = evaluation.evaluate_recognition(samples, protocol, title, out, **chosen)
    _show(found, json=json, quiet=quiet)
    return 0


def _show(found: Evaluated, *, json: bool, quiet: bool) -> None:
    """Print the protocol's numbers and, of a full report, a line per condition."""
    if json:
        typer.echo(json_module.dumps(dict(found.numbers), indent=1, default=_plain))
        return
    if "csv" in found.numbers and not found.files:
        typer.echo(found.numbers["csv"], nl=False)
    else:
        for name, value in found.numbers.items():
            if isinstance(value, int | float):
                typer.echo(f"{name.rpartition('/')[2]:<36}{value:8.2f}")
    for condition, summary in (found.report.summaries if found.report else {}).items():
        values = (f"{name} {_middle(value):.2f}" for name, value in summary.numbers.items())
        typer.echo(f"{condition}: {', '.join(values)}")
    if found.files and not quiet:
        typer.echo("written: " + ", ".join(str(path) for path in found.files))


def _middle(value: float | Interval) -> float:
    return value.mean if isinstance(value, Interval) else value


def _name(count: str, metrics: dict[str, Any]) -> str:
    """Return TrackEval's name of a count of CLEAR."""
    return count if count in metrics else f"CLR_{count}"


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
