"""gaitway track: follow and cut out, name nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gaitway.cli import options
from gaitway.cli.show import reporter, show_doubts


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("track")(track)


def track(
    *,
    videos: Annotated[list[str], typer.Argument(help="Videos, folders or patterns.", metavar="VIDEO...")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Output folder.")] = Path("gaitway-out"),
    pack: options.Pack = None,
    detector: options.Detector = None,
    segmenter: options.Segmenter = None,
    crop: options.Crop = None,
    precision: options.Precision = None,
    device: options.Device = None,
    draw: options.Draw = None,
    video: options.Video = None,
    threads: options.Threads = None,
    config: options.Config = None,
    quiet: options.Quiet = False,
) -> int:
    """Follow the people in videos and cut out their silhouettes, without naming anybody."""
    from gaitway.wiring.tracking import track_videos

    settings = options.settings_from(
        config,
        pack=pack,
        detector=detector,
        segmenter=segmenter,
        crop=crop,
        precision=precision,
        device=device,
        draw=draw,
        video=video,
        threads=threads,
    )
    with reporter(quiet=quiet) as report:
        result = track_videos(videos, out, settings=settings, report=report)
    for found in result.videos:
        typer.echo(f"{found.name}: {found.frame_count} frames, {len(found.summaries)} tracks")
        for s in found.summaries:
            doubt = f", not recognisable: {s.reason}" if s.reason else ""
            typer.echo(
                f"  track {s.track_id}: frames {s.first_frame + 1}-{s.last_frame + 1}, "
                f"{s.frames} silhouettes, quality {s.quality:.2f}{doubt}"
            )
    typer.echo(f"results: {out / 'OutputVideos' / 'latest'}")
    show_doubts(result.videos, result.failures)
    return 1 if result.failures else 0
