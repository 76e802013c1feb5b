"""``calibrate``: thresholds for stated false-positive rates, fitted on some people and measured on others."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from gaitway.adapters.gallery import Gallery
from gaitway.config import Settings, with_pack
from gaitway.errors import InputError
from gaitway.files import atomic_file, write_text
from gaitway.packs import find_pack
from gaitway.progress import Progress, Report, silent
from gaitway.protocols import Encoder
from gaitway.recognition.distance import distance_matrix
from gaitway.recognition.fpir import FpirTable, Rate, fit_fpir, measured
from gaitway.reporting.det import Curve, draw_det
from gaitway.synthetic.filmed import filmed_people
from gaitway.wiring.stages import Networks, make_encoder

ASKED = (0.001, 0.01, 0.1)


@dataclass(frozen=True)
class OperatingPoint:
    """One asked FPIR, and what it came to on people that the fit never saw.

    Attributes:
        asked: FPIR.
        threshold: Distance.
        people: Gallery size.
        fpir: Strangers named.
        fnir: Enrolled people not named, or not as themselves.
    """

    asked: float
    threshold: float
    people: int
    fpir: Rate
    fnir: Rate


@dataclass(frozen=True)
class Calibrated:
    """What ``calibrate`` made.

    Attributes:
        table: The thresholds.
        operating_points: What they are worth, per asked FPIR.
    """

    table: FpirTable
    operating_points: tuple[OperatingPoint, ...]


def calibrate(
    gallery: Gallery | None,
    out: str | Path,
    *,
    people: int = 120,
    walks: int = 4,
    seed: int = 0,
    settings: Settings | None = None,
    report: Report = silent,
) -> Calibrated:
    """Fit on generated walkers, measure on as many others of whom half are enrolled, and write the figures.

    Args:
        gallery: Where to keep the thresholds; nowhere when None.
        out: Folder for calibration.json and det.png.
        people: Generated people to fit on, and to measure on.
        walks: Of each; the first enrols, the others search.
        seed: Chooses them.
        settings: Which encoder.
        report: Told about the progress.

    Raises:
        ConfigError: An unknown encoder.
        StoreError: A file cannot be written.
    """
    settings = with_pack(settings, None)
    networks = Networks(settings.precision, settings.device, settings.threads or None, report)
    encoder = make_encoder(settings.encoder or find_pack(settings.pack).encoder, networks)
    fit = _embedded(encoder, filmed_people(people, walks, seed), people * walks, report, "fit")
    test = _embedded(encoder, filmed_people(people, walks, seed + 1), people * walks, report, "measure")
    source = f"{people} generated walkers, {walks} walks each, seed {seed}"
    outcome = fit_and_measure(fit, test, encoder.model_id, source)
    folder = Path(out)
    _write(folder, outcome)
    with atomic_file(folder / "det.png") as file:
        file.write(draw_det(curve(test, encoder.model_id)))
    if gallery is not None:
        gallery.calibrate(outcome.table)
    return outcome


Labelled = tuple[np.ndarray, np.ndarray]  # person of each walk (N,) int64, embeddings (N, P, C)


def fit_and_measure(fit: Labelled, test: Labelled, model_id: str, source: str) -> Calibrated:
    """Fit on labelled walks, measure on others.

    Args:
        fit: Person of each walk, and embeddings; a person's first walk enrols, the others search.
        test: As ``fit``, of other people; of these every second is enrolled.
        model_id: The encoder.
        source: What the walks are.
    """
    _, distances, is_mate = _searches(fit, np.unique(fit[0]))
    others = distances[~is_mate].reshape(len(distances), -1)
    table = fit_fpir(others, model_id, source)
    enrolled = np.unique(test[0])[::2]
    _, distances, is_mate = _searches(test, enrolled)
    points = [_point(table, asked, distances, is_mate) for asked in ASKED]
    return Calibrated(table, tuple(points))


def curve(test: Labelled, label: str) -> Curve:
    """Return the DET curve of walks of whom every second person is enrolled."""
    _, distances, is_mate = _searches(test, np.unique(test[0])[::2])
    mated = is_mate.any(axis=1)
    nearest = distances.min(axis=1)
    right = is_mate[np.arange(len(distances)), distances.argmin(axis=1)]
    thresholds = np.unique(nearest)
    fpir = [float((nearest[~mated] <= t).mean()) for t in thresholds]
    fnir = [float(1 - (right & (nearest <= t))[mated].mean()) for t in thresholds]
    return Curve(label, tuple(fpir), tuple(fnir))


def _point(table: FpirTable, asked: float, distances: np.ndarray, is_mate: np.ndarray) -> OperatingPoint:
    people, mated = distances.shape[1], is_mate.any(axis=1)
    threshold = table.threshold(asked, people)
    nearest = distances.min(axis=1)
    right = is_mate[np.arange(len(distances)), distances.argmin(axis=1)] & (nearest <= threshold)
    return OperatingPoint(
        asked, threshold, people, measured(nearest[~mated] <= threshold), measured(~right[mated])
    )


def _searches(walks: Labelled, enrolled: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return who searches, the distances to the enrolled people, and which of these is the searcher."""
    people, embeddings = walks
    _, first = np.unique(people, return_index=True)
    templates = np.array([i for i in first.tolist() if people[i] in enrolled], np.int64)
    probes = np.setdiff1d(np.arange(len(people)), first)
    if not len(probes) or not len(templates):
        raise InputError("calibration needs two walks or more of each person: add walks")
    distances = distance_matrix(embeddings[probes], embeddings[templates])
    return people[probes], distances, people[probes][:, None] == people[templates][None]


def _embedded(
    encoder: Encoder,
    films: Iterable[tuple[int, UInt8[np.ndarray, "t 64 64"]]],
    total: int,
    report: Report,
    stage: str,
) -> Labelled:
    people, embeddings = [], []
    for number, (person, film) in enumerate(films, 1):
        people.append(person)
        embeddings.append(encoder.encode([film])[0])
        report(Progress(stage, "walks", number, total, is_last=number == total))
    return np.array(people, np.int64), np.stack(embeddings)


def _write(folder: Path, outcome: Calibrated) -> None:
    points: Sequence[OperatingPoint] = outcome.operating_points
    content = {"table": outcome.table.as_mapping(), "measured": [asdict(point) for point in points]}
    write_text(folder / "calibration.json", json.dumps(content, indent=1))
