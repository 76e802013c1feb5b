"""gaitway identify: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gaitway.cli import options
from gaitway.cli.show import reporter, show_doubts
from gaitway.results import IdentifyResult


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("identify", cls=options.ManyVideos)(identify)


def identify(
    *,
    gallery: Annotated[
        list[str],
        typer.Option("--gallery", "-g", metavar="VIDEO...", help="Videos of known people, one or more."),
    ],
    probe: Annotated[
        list[str],
        typer.Option("--probe", "-p", metavar="VIDEO...", help="Videos to name people in, one or more."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Output folder.")] = Path(
        "gaitway-out"
    ),
    pack: options.Pack = None,
    detector: options.Detector = None,
    segmenter: options.Segmenter = None,
    encoder: options.Encoder = None,
    crop: options.Crop = None,
    precision: options.Precision = None,
    device: options.Device = None,
    draw: options.Draw = None,
    video: options.Video = None,
    seed_layout: Annotated[
        bool | None,
        typer.Option("--seed-layout", help="Also write output/, with All-in-One-Gait's folders and names."),
    ] = None,
    min_score: options.MinScore = None,
    threads: options.Threads = None,
    config: options.Config = None,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> int:
    """Name the people in probe videos by the people in gallery videos.

    gaitway identify --gallery known.mp4 --probe cam1.mp4 cam2.mp4 --out results

    Writes silhouettes, features, annotated videos, results.json, results.csv and report.html.
    """
    from gaitway.wiring import identify as run

    settings = options.settings_from(
        config,
        pack=pack,
        detector=detector,
        segmenter=segmenter,
        encoder=encoder,
        crop=crop,
        precision=precision,
        device=device,
        draw=draw,
        video=video,
        seed_layout=seed_layout,
        min_score=min_score,
        threads=threads,
    )
    with reporter(quiet=quiet) as report:
        result = run(gallery, probe, out, settings=settings, report=report)
    show_result(result, out, json=json)
    show_doubts((*result.gallery, *result.probes), result.failures)
    return 1 if result.failures else 0


def show_result(result: IdentifyResult, out: Path, *, json: bool) -> None:
    """Print who is who, or the whole results.json."""
    latest = out / "OutputVideos" / "latest"
    if json:
        typer.echo((latest / "results.json").read_text("utf-8"), nl=False)
        return
    for match in result.matches:
        answer = f"{match.label} (score {match.score:.2f})" if match.label else f"unknown: {match.reason}"
        typer.echo(f"{match.video} track {match.track_id}: {answer}")
    if not result.matches:
        seen = "nobody was found in the probe videos" if result.probes else "no probe video could be read"
        typer.echo(seen)
    typer.echo(f"report: {latest / 'report.html'}")
