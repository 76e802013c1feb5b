"""Who of the gallery are the people of one probe video, all decided together?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gaitway.errors import IncompatibleModelsError, InputError
from gaitway.recognition.assignment import assign_jointly, concurrent_groups
from gaitway.recognition.calibration import Calibration, calibration_for, generic_calibration, score_of
from gaitway.recognition.centring import centre_scene
from gaitway.recognition.distance import distance_matrix
from gaitway.types import Candidate, Embedding, Match

NOT_NEAR = "no one near enough"
TAKEN = "taken by a better match"
NO_GALLERY = "the gallery is empty"


@dataclass(frozen=True, slots=True)
class MatcherConfig:
    """How to decide.

    Attributes:
        metric: ``euc`` or ``cos``; the calibration belongs to one of them.
        min_score: A track whose best score stays below it is unknown. 0.5: as likely as not.
        tolerance_frames: Tracks of one video that share more frames than this are different people; trackers
            start a new track a few frames before they give up the old one.
        joint: Use that rule; without it every track is decided alone (for comparison).
        centre: Take out what sets the probe video apart from each gallery video as a whole; see
            ``centre_scene``.
        max_candidates: Length of the ranked list.
        calibration: From distance to score; None takes the encoder's own (``calibration_for``), and where
            none was fitted a generic one, whose scores are no probabilities.
    """

    metric: str = "euc"
    min_score: float = 0.5
    tolerance_frames: int = 5
    joint: bool = True
    centre: bool = True
    max_candidates: int = 10
    calibration: Calibration | None = None


class JointMatcher:
    """The open-set decision over all tracks of one probe video at once.

    Tracks seen at the same time are different people, so they get different identities; tracks apart in time
    may share one (a broken track). The answer has the largest summed log-odds, "unknown" counting as
    ``min_score``.

    The same rule would hold within a gallery video. There every track is an identity of its own, so it holds
    by construction; one person on several gallery videos has as many labels, unless ``labels`` joins them.

    Attributes:
        config: How it decides.
    """

    def __init__(self, config: MatcherConfig | None = None) -> None:
        self.config = config or MatcherConfig()
        if not 0 < self.config.min_score < 1:
            raise InputError(f"min_score is {self.config.min_score}, wanted a number between 0 and 1")

    def match(
        self,
        gallery: Sequence[Embedding],
        probes: Sequence[Embedding],
        spans: Sequence[tuple[int, int]],
        labels: Sequence[str] | None = None,
        qualities: Sequence[float] | None = None,
    ) -> list[Match]:
        """Decide who the tracks of one video are.

        Args:
            gallery: Walks of known people.
            probes: One per track, all of one video.
            spans: First and last frame of each probe track.
            labels: Identity of each gallery walk, several walks may share one; by default every walk is its
                own, called ``<video>-<track:03d>``.
            qualities: How far each probe's walk can be trusted, in [0, 1]: its log-odds are multiplied by it,
                so that the walk of somebody half hidden neither says much nor pulls others along. 1 by
                default.

        Returns:
            One match per probe, in the probes' order, whatever the order of gallery and probes.
        """
        names = [label_of(walk) for walk in gallery] if labels is None else list(labels)
        trust = [1.0] * len(probes) if qualities is None else list(qualities)
        _check(gallery, probes, spans, names, trust)
        if not gallery or not probes:
            return [Match(probe.video, probe.track_id, reason=NO_GALLERY) for probe in probes]
        # One fixed order inside, so that not even rounding or a tie can depend on the caller's.
        known = sorted(range(len(gallery)), key=lambda k: (names[k], gallery[k].video, gallery[k].track_id))
        asked = sorted(range(len(probes)), key=lambda k: (probes[k].track_id, spans[k]))
        matches = self._match_sorted(
            [gallery[k] for k in known],
            [probes[k] for k in asked],
            [spans[k] for k in asked],
            [names[k] for k in known],
            np.array([trust[k] for k in asked]),
        )
        return [matches[asked.index(k)] for k in range(len(probes))]

    def _match_sorted(
        self,
        gallery: Sequence[Embedding],
        probes: Sequence[Embedding],
        spans: Sequence[tuple[int, int]],
        names: list[str],
        trust: np.ndarray,
    ) -> list[Match]:
        identities = sorted(set(names))
        distances = self._distances(gallery, probes, names, spans)
        fitted = self.config.calibration or calibration_for(gallery[0].model_id)
        odds = trust[:, None] * (fitted or generic_calibration(distances)).log_odds(distances)
        chosen = self._decide(odds, spans)
        return [
            self._answer(probe, identities, distances[i], odds[i], int(chosen[i]))
            for i, probe in enumerate(probes)
        ]

    def _distances(
        self,
        gallery: Sequence[Embedding],
        probes: Sequence[Embedding],
        names: list[str],
        spans: Sequence[tuple[int, int]],
    ) -> np.ndarray:
        """Return the distance of each probe to each identity's nearest walk, identities in sorted order."""
        identities, column = np.unique(names, return_inverse=True)
        nearest = np.full((len(identities), len(probes)), np.inf, np.float32)
        asked = _stack(probes)
        seen_at_once = max(len(group) for group in concurrent_groups(spans, self.config.tolerance_frames))
        videos = np.array([walk.video for walk in gallery])
        for video in np.unique(videos):
            rows = np.flatnonzero(videos == video)
            known = _stack([gallery[row] for row in rows.tolist()])
            people = (len(np.unique(column[rows])), seen_at_once)
            moved = centre_scene(known, asked, people) if self.config.centre else asked
            np.minimum.at(nearest, column[rows], distance_matrix(known, moved, self.config.metric))
        return nearest.T

    def _decide(self, odds: np.ndarray, spans: Sequence[tuple[int, int]]) -> np.ndarray:
        config = self.config
        groups = concurrent_groups(spans, config.tolerance_frames) if config.joint else []
        unknown = np.full(len(odds), -np.log(config.min_score / (1 - config.min_score)))
        return assign_jointly(-odds, groups, unknown)

    def _answer(
        self,
        probe: Embedding,
        identities: list[str],
        distances: np.ndarray,
        odds: np.ndarray,
        chosen: int,
    ) -> Match:
        scores = score_of(odds)
        listed = np.argsort(distances, kind="stable")[: self.config.max_candidates].tolist()
        if chosen >= 0 and chosen not in listed:
            listed.append(chosen)
        candidates = tuple(Candidate(identities[j], float(distances[j]), float(scores[j])) for j in listed)
        if chosen >= 0:
            return Match(probe.video, probe.track_id, candidates, identities[chosen], float(scores[chosen]))
        reason = TAKEN if scores.max() > self.config.min_score else NOT_NEAR
        return Match(probe.video, probe.track_id, candidates, None, float(scores.max()), reason)


def label_of(walk: Embedding) -> str:
    """Return the identity a gallery walk has by itself: its video and track."""
    return f"{walk.video}-{walk.track_id:03d}"


def _stack(walks: Sequence[Embedding]) -> np.ndarray:
    return np.stack([walk.parts for walk in walks])


def _check(
    gallery: Sequence[Embedding],
    probes: Sequence[Embedding],
    spans: Sequence[tuple[int, int]],
    names: list[str],
    trust: list[float],
) -> None:
    if len(spans) != len(probes):
        raise InputError(f"{len(probes)} probes came with {len(spans)} spans: pass one span per probe")
    if len(trust) != len(probes) or not all(0 <= quality <= 1 for quality in trust):
        raise InputError(
            f"{len(probes)} probes came with qualities {trust}: pass one in [0, 1] per probe, or none"
        )
    if len(names) != len(gallery):
        raise InputError(
            f"{len(gallery)} gallery walks came with {len(names)} labels: pass one label per walk"
        )
    models = sorted({walk.model_id for walk in (*gallery, *probes)})
    if len(models) > 1:
        raise IncompatibleModelsError(
            f"embeddings come from {', '.join(models)}, wanted one model: encode all with the same one"
        )
    videos = sorted({probe.video for probe in probes})
    if len(videos) > 1:
        raise InputError(
            f"probes come from {', '.join(videos)}, wanted one video: match each video by itself"
        )
