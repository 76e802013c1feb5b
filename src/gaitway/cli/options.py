"""Options that several commands share, and how they become settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperOption

from gaitway.config import Settings, as_mapping, from_mapping, read_settings
from gaitway.packs import PACKS

Pack = Annotated[
    str | None, typer.Option(metavar="NAME", help=f"Model pack: {', '.join(PACKS)}. Default: builtin.")
]
Detector = Annotated[
    str | None, typer.Option(metavar="NAME", help="Another detector than the pack's: name or file.")
]
Segmenter = Annotated[
    str | None, typer.Option(metavar="NAME", help="Another segmenter than the pack's: name or folder.")
]
Encoder = Annotated[
    str | None, typer.Option(metavar="NAME", help="Another encoder than the pack's: name or checkpoint.")
]
Precision = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="f32 (the same everywhere), bf16, int8 (extra int8) or, on CUDA, f16: all change results.",
    ),
]
Device = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Where checkpoints run: cpu (default), or cuda with the extra torch."),
]
Crop = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="What PP-HumanSeg sees of a person: context (default), stretched, or seed's white square.",
    ),
]
Draw = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Drawn besides boxes and names: silhouette (default), keypoints or none."
    ),
]
Video = Annotated[bool | None, typer.Option("--video/--no-video", help="Write annotated videos.")]
MinScore = Annotated[
    float | None,
    typer.Option("--min-score", min=0, max=1, help="Below this score a track is unknown. Default: 0.5."),
]
Threads = Annotated[int | None, typer.Option(min=0, metavar="N", help="Cores to use; 0 for all.")]
Config = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Settings from a TOML file.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors and the result.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]


class ManyVideos(TyperCommand):
    """A command whose repeatable options take several values at once: ``--probe A.mp4 B.mp4``.

    A shell pattern (``--probe *.mp4``) then means what it says. An option's values end at the next word that
    starts with a dash.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Write the option before each of its values, then parse as usual."""
        names = {
            name
            for option in self.params
            if isinstance(option, TyperOption) and option.multiple
            for name in option.opts
        }
        return super().parse_args(ctx, repeat_options(args, names))


def repeat_options(words: list[str], names: set[str]) -> list[str]:
    """Write an option before each of its values.

    Examples:
        >>> repeat_options(["-p", "a.mp4", "b.mp4", "--out", "d"], {"-p"})
        ['-p', 'a.mp4', '-p', 'b.mp4', '--out', 'd']
    """
    repeated: list[str] = []
    option, values = "", 0
    for word in words:
        if word.startswith("-"):
            option, values = (word if word in names else ""), 0
        elif option:
            values += 1
            if values > 1:
                repeated.append(option)
        repeated.append(word)
    return repeated


def settings_from(config: Path | None, **options: Any) -> Settings:
    """Return the file's settings with the options given on the command line over them.

    Raises:
        ConfigError: An unknown setting or value.
    """
    settings = read_settings(config) if config else Settings()
    chosen = {name: value for name, value in options.items() if value is not None}
    from_mapping(Settings, as_mapping(settings) | chosen)  # checks the values
    return replace(settings, **chosen)
