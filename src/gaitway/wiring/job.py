"""A run under way: its folder, its stages, what failed, and one video after the other through them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gaitway.adapters.memory import give_back
from gaitway.adapters.results.folder import OutputFolder
from gaitway.adapters.results.keys import digest_input, result_key
from gaitway.adapters.video.expand import expand_sources
from gaitway.adapters.video.names import unique_names
from gaitway.config import Settings
from gaitway.errors import GaitwayError, StoreError
from gaitway.progress import Progress, Report
from gaitway.results import VideoResult
from gaitway.wiring.analysis import encode
from gaitway.wiring.publish import publish_features, publish_silhouettes
from gaitway.wiring.record import describe
from gaitway.wiring.seed_layout import SEED_FEATURES, publish_seed_silhouettes
from gaitway.wiring.stages import Stages, build_stages
from gaitway.wiring.video import follow_video, recipe


@dataclass
class Job:
    """One run under way.

    Attributes:
        folder: Where results go; open.
        stages: Detector, segmenter, encoder.
        settings: Everything the run was told.
        report: Told about the progress.
        names: Unique name of every input.
        later: Does what can wait, beside the networks.
        failures: Input -> what was wrong with it.
    """

    folder: OutputFolder
    stages: Stages
    settings: Settings
    report: Report
    names: dict[str, str]
    later: ThreadPoolExecutor
    failures: dict[str, str]
    begun: float = field(default_factory=time.perf_counter)
    digests: dict[str, str] = field(default_factory=dict)
    timings: dict[str, dict[str, float]] = field(default_factory=dict)
    pending: list[tuple[str, Future[None]]] = field(default_factory=list)

    def videos(self, sources: Sequence[str]) -> Iterator[tuple[str, VideoResult]]:
        """Yield the finished result of each input that can be read."""
        for source in sources:
            video = None
            with self.tolerated(source):
                video = self._video(source)
            if video is not None:
                yield source, video

    def afterwards(self, source: str, work: Callable[[], None]) -> None:
        """Do ``work`` beside the next video's networks; a failure counts against ``source``."""
        self.pending.append((source, self.later.submit(work)))

    def settle(self) -> None:
        """Wait for the work under way."""
        for source, future in self.pending:
            with self.tolerated(source):
                future.result()
        self.pending.clear()

    @contextmanager
    def tolerated(self, source: str) -> Iterator[None]:
        """Note an error against ``source`` and go on; only an unwritable output folder ends the run."""
        try:
            yield
        except StoreError:
            raise
        except GaitwayError as error:
            self.failures[source] = str(error)

    def record(self) -> dict[str, Any]:
        """Return what run.json says: settings, versions, models and inputs by hash, timings."""
        inputs = {n: {"source": s, "sha256": self.digests.get(n)} for s, n in self.names.items()}
        timings = {
            "wall_s": time.perf_counter() - self.begun,
            "network_s": self.stages.networks.busy_s,
            "videos": self.timings,
        }
        return describe(self.stages, self.settings) | {
            "inputs": inputs,
            "timings": timings,
            "failures": self.failures,
        }

    def _video(self, source: str) -> VideoResult:
        """Follow, cut out and encode one video, or take what an earlier run finished of it."""
        name, begun = self.names[source], time.perf_counter()
        digest = digest_input(Path(source)) if Path(source).exists() else source
        self.digests[name] = digest
        key = result_key(digest, recipe(self.stages, self.settings))
        followed = self._followed(source, name, key)
        self.afterwards(source, lambda: publish_silhouettes(self.folder, followed, key))
        if self.settings.seed_layout:
            self.afterwards(source, lambda: publish_seed_silhouettes(self.folder, followed, key))
        encoded_key = result_key(key, {"encoder": self.stages.encoder.model_id})
        encoded = self._encoded(followed, encoded_key)
        self.afterwards(source, lambda: publish_features(self.folder, encoded, encoded_key))
        if self.settings.seed_layout:
            self.afterwards(
                source, lambda: publish_features(self.folder, encoded, encoded_key, SEED_FEATURES)
            )
        self.timings[name] = {"wall_s": time.perf_counter() - begun, "frames": float(encoded.frame_count)}
        return encoded

    def _followed(self, source: str, name: str, key: str) -> VideoResult:
        stored = self._stored(lambda: self.folder.load_video(key))
        if stored is not None:
            self.report(Progress("follow", name, note="taken from an earlier run"))
        else:
            followed = follow_video(source, name, self.stages, self.settings, self.report)
            self.folder.save_video(key, followed)
            stored = self.folder.load_video(key) or followed  # its walks stay on disk from here on
            del followed
            give_back()
        return replace(stored, name=name, source=source)

    def _encoded(self, followed: VideoResult, key: str) -> VideoResult:
        stored = self._stored(lambda: self.folder.load_embeddings(key, followed))
        if stored is None:
            stored = encode(followed, self.stages.encoder)
            self.folder.save_embeddings(key, stored)
        return stored

    def _stored(self, load: Callable[[], VideoResult | None]) -> VideoResult | None:
        """Return a stored result; a damaged one is told and made anew."""
        try:
            return load()
        except StoreError as error:
            self.report(Progress("warning", "state", note=f"{error}; it is made anew"))
            return None


@contextmanager
def open_job(
    out: Path, patterns: Sequence[Sequence[str | Path]], settings: Settings, report: Report
) -> Iterator[tuple[Job, list[list[str]]]]:
    """Open the output folder, find the inputs and load the stages.

    Args:
        out: Output folder; made if absent.
        patterns: Groups of inputs as the user gave them.
        settings: Everything else.
        report: Told about the progress.

    Yields:
        The job, and each group's inputs. Patterns that name nothing are failures of the job.
    """
    with OutputFolder(out) as folder:
        failures: dict[str, str] = {}
        groups = [_expanded(group, failures) for group in patterns]
        every = list(dict.fromkeys(source for group in groups for source in group))
        names = dict(zip(every, unique_names(every), strict=True))
        stages = build_stages(settings, report)
        later = ThreadPoolExecutor(1, thread_name_prefix="gaitway-later")
        try:
            yield Job(folder, stages, settings, report, names, later, failures), groups
        finally:
            later.shutdown(wait=True, cancel_futures=True)
            stages.networks.close()


def _expanded(patterns: Sequence[str | Path], failures: dict[str, str]) -> list[str]:
    """Return the inputs that the patterns name; one that names nothing is a failure of its own."""
    sources: list[str] = []
    for pattern in patterns:
        try:
            sources += expand_sources([str(pattern)])
        except GaitwayError as error:
            failures[str(pattern)] = str(error)
    return list(dict.fromkeys(sources))
