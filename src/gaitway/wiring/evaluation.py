"""``evaluate recognition``: embeddings from a file, or of a data set by an encoder, measured and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gaitway.adapters.datasets import open_dataset, read_partition
from gaitway.adapters.datasets.partition import FILE
from gaitway.config import Settings, with_pack
from gaitway.errors import ConfigError, InputError
from gaitway.evaluation.full_report import full_report
from gaitway.evaluation.protocols import Samples
from gaitway.evaluation.recognition import evaluate_samples, find_protocol
from gaitway.evaluation.recognition_report import RecognitionReport
from gaitway.files import atomic_file, translated, write_text
from gaitway.packs import find_pack
from gaitway.progress import Progress, Report, silent
from gaitway.protocols import Encoder, WalkDataset
from gaitway.wiring.analysis import MAX_FRAMES, spread
from gaitway.wiring.stages import Networks, make_encoder

SUBMISSIONS = ("grew", "hid")
ARRAYS = ("embeddings", "labels", "types", "views")
BATCH = 16  # walks encoded in one call
STRETCH = 25  # frames that stay together where a walk is longer than the field's limit: a second
CHARTS = ("cmc.svg", "verification.svg", "open-set.svg")


@dataclass(frozen=True)
class DatasetChoice:
    """The walks to encode.

    Attributes:
        path: Folder of the data set.
        partition: json file; the folder's own when None.
        subset: Of the partition; its test set when None, everything where there is no partition.
        layout: Of a tree of folders.
        maps: Which files where walks have several.
    """

    path: Path
    partition: Path | None = None
    subset: str | None = None
    layout: str = "auto"
    maps: Sequence[str] = ()

    @property
    def partition_file(self) -> Path | None:
        """The partition that counts."""
        own = self.path / FILE
        return self.partition or (own if own.is_file() else None)

    def open(self) -> WalkDataset:
        """Open the walks to encode."""
        subset = self.subset or ("test" if self.partition_file else None)
        return open_dataset(self.path, self.partition_file, subset, layout=self.layout, maps=self.maps)


@dataclass(frozen=True)
class Evaluated:
    """What an evaluation found.

    Attributes:
        numbers: By the protocol's names; for a submission its ``csv`` and ``rows``.
        report: Everything else, where it was asked for and the labels are known.
        files: What was written.
    """

    numbers: Mapping[str, Any]
    report: RecognitionReport | None = None
    files: tuple[Path, ...] = field(default=())


def evaluate_recognition(
    samples: Samples, protocol: str, title: str, out: Path | None = None, **options: Any
) -> Evaluated:
    """Evaluate embeddings, and write a report or a submission where a folder is named.

    Args:
        samples: The test sequences.
        protocol: As for ``gaitway.evaluation.evaluate``.
        title: Of the report.
        out: Folder for report.html, .json and .csv and the curves, or for submission.csv.
        options: The protocol's own.

    Raises:
        InputError: The samples do not fit the protocol.
        StoreError: A file cannot be written.
    """
    name = find_protocol(protocol)
    if out is None or name in SUBMISSIONS:
        numbers = evaluate_samples(name, samples, **options)
        if out is None:
            return Evaluated(numbers)
        write_text(out / "submission.csv", numbers["csv"])
        return Evaluated(numbers, files=(out / "submission.csv",))
    report = full_report(title, name, samples, **options)
    contents = {
        "report.json": report.as_json(),
        "report.csv": report.as_csv(),
        "report.html": report.as_html(),
    }
    contents |= dict(zip(CHARTS, report.charts(), strict=True))
    for file, text in contents.items():
        write_text(out / file, text)
    matrices = {name: matrix for name, (_, matrix) in report.matrices.items()}
    return Evaluated({**report.protocol, **matrices}, report, tuple(out / file for file in contents))


def encode_dataset(
    choice: DatasetChoice,
    encoder: str | Path | None = None,
    config: Path | None = None,
    *,
    metric: str = "euc",
    settings: Settings | None = None,
    report: Report = silent,
) -> tuple[Samples, str]:
    """Encode a data set's walks.

    Args:
        choice: Which walks.
        encoder: Name or checkpoint; the settings' when None.
        config: The checkpoint's OpenGait yaml.
        metric: For the distances later.
        settings: Pack, precision, threads.
        report: Told about the progress.

    Returns:
        The samples and the encoder's model id.

    Raises:
        ConfigError: An unknown encoder.
        ModelError: Its files cannot be had or do not fit.
        InputError, StoreError: The data set cannot be read.
    """
    settings = with_pack(settings, None)
    dataset = choice.open()
    networks = Networks(settings.precision, settings.device, settings.threads or None, report)
    try:
        name = str(encoder) if encoder is not None else settings.encoder or find_pack(settings.pack).encoder
        made = make_encoder(name, networks, config=config)
        embeddings = encode_walks(dataset, made, report)
    finally:
        networks.close()
    columns = ([getattr(r, name) for r in dataset.records] for name in ("subject", "condition", "view"))
    labels, types, views = (np.array(column, str) for column in columns)
    return Samples(embeddings, labels, types, views, metric), made.model_id


def encode_walks(dataset: WalkDataset, encoder: Encoder, report: Report = silent) -> np.ndarray:
    """Encode all walks of a data set, (N, P, C); of very long walks stretches of a second, evenly spread.

    Raises:
        InputError: The data set is empty, or a walk does not fit the encoder.
    """
    total = len(dataset.records)
    if not total:
        raise InputError("the data set has no walks: prepare it first")
    blocks = []
    for start in range(0, total, BATCH):
        places = range(start, min(start + BATCH, total))
        walks = [dataset.load(index) for index in places]
        blocks.append(encoder.encode([walk[spread(len(walk), MAX_FRAMES, STRETCH)] for walk in walks]))
        report(Progress("encode", "walks", places.stop, total, is_last=places.stop == total))
    return np.concatenate(blocks)


def read_features(path: Path, metric: str = "euc") -> Samples:
    """Read embeddings (N, P, C), labels, types and views from an npz file.

    Raises:
        InputError: It cannot be read or lacks an array.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            embeddings, labels, types, views = (stored[name] for name in ARRAYS)
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise InputError(
            f"{path} cannot be read ({error}): wanted an npz file with {', '.join(ARRAYS)}"
        ) from error
    if embeddings.ndim != 3 or not np.issubdtype(embeddings.dtype, np.floating):
        raise InputError(
            f"embeddings in {path} are {embeddings.dtype} of shape {embeddings.shape}, wanted float (N, P, C)"
        )
    return Samples(embeddings, labels, types, views, metric)


def write_features(path: Path, samples: Samples, model_id: str) -> None:
    """Write what ``read_features`` reads."""
    with translated("write", path), atomic_file(path) as file:
        np.savez(
            file,
            embeddings=samples.embeddings,
            labels=samples.labels,
            types=samples.types,
            views=samples.views,
            model_id=np.array(model_id),
        )


def options_of(
    protocol: str,
    *,
    cross_view_gallery: bool = False,
    rerank: bool = False,
    probe_set: Path | None = None,
    partition: Path | None = None,
) -> dict[str, Any]:
    """Return a protocol's options from the command line's; Gait3D's probes are the partition's by default.

    Raises:
        ConfigError: Gait3D without probes.
    """
    options: dict[str, Any] = {}
    if cross_view_gallery:
        options["cross_view_gallery"] = True
    if rerank:
        options["rerank"] = True
    if probe_set is not None:
        options["probe_set"] = probe_set
    elif find_protocol(protocol) == "gait3d":
        probes = read_partition(partition).probes if partition is not None else ()
        if not probes:
            raise ConfigError("gait3d needs its probes: give --probe-set, or a partition with PROBE_SET")
        options["probe_set"] = probes
    return options
