"""Tracking metrics by the field's own code: HOTA, CLEAR and Identity through the ``trackeval`` package."""

from __future__ import annotations

from configparser import ConfigParser
from configparser import Error as ConfigFileError
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64

from gaitway.errors import InputError, MissingExtraError
from gaitway.evaluation.motchallenge import PEDESTRIAN, Rows, read_mot
from gaitway.geometry import box_iou, tlwh_to_xyxy

# MOT16/17: person on vehicle, static person, distractor, reflection; who tracks these is not blamed.
DISTRACTORS = (2, 7, 8, 12)
MIN_IOU = 0.5  # of CLEAR, Identity and the distractors, as MOTChallenge has it
FLOAT_EPS = float(np.finfo(float).eps)

Metrics = dict[str, Any]


def evaluate_tracking(gt_dir: str | Path, pred_dir: str | Path) -> Metrics:
    """Evaluate tracker output against ground truth, both in MOTChallenge text.

    Args:
        gt_dir: A folder of ``<sequence>.txt``, or MOTChallenge's layout ``<sequence>/gt/gt.txt``, at any
            depth; a ``seqinfo.ini`` beside ``gt`` gives the number of frames.
        pred_dir: A folder of ``<sequence>.txt``, or one with such a folder ``data``.

    Returns:
        ``{"sequences": {name: metrics}, "combined": metrics}``. Metrics are fractions under TrackEval's
        names: HOTA, DetA, AssA, LocA ... (means over alpha), "HOTA_alpha" and so on (lists), MOTA, IDF1 ...,
            and counts such as
        IDSW and Frag.

    Raises:
        MissingExtraError: ``trackeval`` is not installed.
        InputError: No ground truth, no prediction for a sequence, or a broken file.

    Source:
        TrackEval (Luiten et al., MIT): its metrics run as they are; MOT17's treatment of distractors and
        ignored boxes is repeated here, so that any folder will do.
    """
    metrics = _metrics()
    truth = _find_truth(Path(gt_dir))
    results: dict[str, dict[str, Any]] = {}
    for name, path in truth.items():
        data = _load(path, _find_prediction(Path(pred_dir), name))
        results[name] = {kind: metric.eval_sequence(data) for kind, metric in metrics.items()}
    combined = {
        kind: metric.combine_sequences({name: result[kind] for name, result in results.items()})
        for kind, metric in metrics.items()
    }
    return {
        "sequences": {name: _flatten(result) for name, result in results.items()},
        "combined": _flatten(combined),
    }


def _metrics() -> dict[str, Any]:
    if find_spec("trackeval") is None:
        raise MissingExtraError("trackeval", "eval", "evaluating tracks")
    from trackeval.metrics import CLEAR, HOTA, Identity

    setting = {"THRESHOLD": MIN_IOU, "PRINT_CONFIG": False}
    return {"HOTA": HOTA(), "CLEAR": CLEAR(setting), "Identity": Identity(setting)}


def _flatten(result: dict[str, dict[str, Any]]) -> Metrics:
    """Put all metrics of a sequence side by side; a curve over alpha becomes its mean and a list."""
    flat: Metrics = {}
    for values in result.values():
        for name, value in values.items():
            if np.ndim(value):
                flat[name] = float(np.mean(value))
                flat[f"{name}_alpha"] = [float(v) for v in value]
            else:
                flat[name] = int(value) if float(value).is_integer() and _is_count(name) else float(value)
    return flat


def _is_count(name: str) -> bool:
    return name.startswith(("CLR_T", "CLR_F", "IDT", "IDF", "IDSW", "Frag")) and name not in {
        "IDF1",
        "CLR_F1",
    }


def _find_truth(folder: Path) -> dict[str, Path]:
    """Return sequence name -> ground truth file."""
    found = {path.parent.parent.name: path for path in sorted(folder.glob("**/gt/gt.txt"))}
    if not found:
        found = {path.stem: path for path in sorted(folder.glob("*.txt"))}
    if not found:
        raise InputError(f"no ground truth in {folder}, wanted <sequence>.txt or <sequence>/gt/gt.txt")
    return found


def _find_prediction(folder: Path, name: str) -> Path:
    for candidate in (folder / f"{name}.txt", folder / "data" / f"{name}.txt"):
        if candidate.is_file():
            return candidate
    raise InputError(f"no prediction for {name} in {folder}, wanted {name}.txt: an empty file means nobody")


def _frame_count(path: Path) -> int:
    """Return the number of frames that a seqinfo.ini states, 0 without one."""
    info = path.parent.parent / "seqinfo.ini"
    if path.name != "gt.txt" or not info.is_file():
        return 0
    parser = ConfigParser()
    try:
        parser.read_string(info.read_text(encoding="utf-8"))
        return parser.getint("Sequence", "seqLength")
    except (ConfigFileError, ValueError) as error:
        raise InputError(f"{info} has no [Sequence] with a number seqLength: {error}") from error


def _load(truth_path: Path, prediction_path: Path) -> dict[str, Any]:
    """Read one sequence into the form that TrackEval's metrics take."""
    truth, prediction = read_mot(truth_path), read_mot(prediction_path)
    stated = _frame_count(truth_path)
    last = int(max(truth[:, 0].max(initial=0), prediction[:, 0].max(initial=0)))
    if stated and last > stated:
        raise InputError(f"{prediction_path.name} or its truth has frame {last} of {stated}: check the files")
    frames = stated or last
    truth_ids, prediction_ids, similarities = [], [], []
    for frame in range(1, frames + 1):
        real, said = truth[truth[:, 0] == frame], prediction[prediction[:, 0] == frame]
        similarity = box_iou(tlwh_to_xyxy(real[:, 2:6]), tlwh_to_xyxy(said[:, 2:6]))
        keep = ~_is_excused(real, similarity)
        counts = (real[:, 7] == PEDESTRIAN) & (real[:, 6] != 0)
        truth_ids.append(real[counts, 1])
        prediction_ids.append(said[keep, 1])
        similarities.append(similarity[np.ix_(counts, keep)])
    real_ids, real_count = _relabel(truth_ids)
    said_ids, said_count = _relabel(prediction_ids)
    return {
        "num_timesteps": frames,
        "num_gt_ids": real_count,
        "num_tracker_ids": said_count,
        "num_gt_dets": sum(map(len, real_ids)),
        "num_tracker_dets": sum(map(len, said_ids)),
        "gt_ids": real_ids,
        "tracker_ids": said_ids,
        "similarity_scores": similarities,
    }


def _is_excused(truth: Rows, similarity: Float64[np.ndarray, "n m"]) -> Bool[np.ndarray, " m"]:
    """Say which predictions lie on distractors, so that they count neither for nor against the tracker."""
    from scipy.optimize import linear_sum_assignment

    excused = np.zeros(similarity.shape[1], bool)
    if similarity.size and np.isin(truth[:, 7], DISTRACTORS).any():
        score = np.where(similarity < MIN_IOU - FLOAT_EPS, 0, similarity)
        rows, columns = linear_sum_assignment(-score)
        good = score[rows, columns] > FLOAT_EPS
        excused[columns[good]] = np.isin(truth[rows[good], 7], DISTRACTORS)
    return excused


def _relabel(ids: list[np.ndarray]) -> tuple[list[np.ndarray], int]:
    """Number ids from 0 without holes, frame by frame."""
    names = np.unique(np.concatenate([np.zeros(0), *ids]))
    return [np.searchsorted(names, frame) for frame in ids], len(names)
