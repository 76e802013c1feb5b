"""--precision int8: a stage's networks are quantised once, fitted to and judged on generated scenes."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from gaitway.adapters.checkpoints.quantised import find_quantised, keep_quantised
from gaitway.adapters.runtimes.int8 import LEVELS, Inputs, Level, quantise
from gaitway.errors import InputError, NetworkError, NotQuantisedError
from gaitway.progress import Progress
from gaitway.protocols import Pending, Runtime
from gaitway.wiring.int8_scenes import EXERCISES, Kind
from gaitway.wiring.networks import Networks

Stage = TypeVar("Stage")

MAX_SAMPLES = 100  # inputs per network that the quantiser looks at: more changed nothing


def calibrated(kind: Kind, build: Callable[[Networks], Stage], networks: Networks) -> Stage:
    """Build a stage; for int8, first quantise those of its networks that the cache lacks.

    Args:
        kind: What it is.
        build: Builds it with the networks it is given.
        networks: Load its networks.

    Raises:
        MissingExtraError: int8 is asked for, and the quantiser is not installed.
        GaitwayError: What ``build`` raises.
    """
    try:
        return build(networks)
    except NotQuantisedError:
        note = "not in the model cache in int8 yet: fitted to generated scenes now, once"
        networks.report(Progress("quantise", kind, note=note))
    _Calibration(kind, build, networks).run()
    return build(networks)


@dataclass
class Watch:
    """Notes what networks are given.

    Attributes:
        samples: Inputs by network file, in order.
        is_on: Whether it takes notes.
    """

    samples: dict[Path, list[Inputs]] = field(default_factory=dict)
    is_on: bool = True

    def __call__(self, path: Path, runtime: Runtime) -> Runtime:
        """Return ``runtime`` with this watch before it."""
        return WatchedRuntime(runtime, self, self.samples.setdefault(path, []))


class WatchedRuntime:
    """A runtime whose inputs a watch notes."""

    def __init__(self, runtime: Runtime, watch: Watch, samples: list[Inputs]) -> None:
        self.input_shapes = runtime.input_shapes
        self._runtime, self._watch, self._samples = runtime, watch, samples

    @property
    def busy_s(self) -> float:
        """Seconds of network time so far."""
        return self._runtime.busy_s

    def run(self, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        """Run the network once and wait; see ``protocols.Runtime``."""
        return self.submit(*inputs).result()

    def submit(self, *inputs: np.ndarray) -> Pending:
        """Start a run; see ``protocols.Runtime``."""
        if self._watch.is_on:
            self._samples.append(tuple(np.array(array) for array in inputs))
        return self._runtime.submit(*inputs)


@dataclass(frozen=True)
class _Calibration:
    """Quantises the networks of one stage."""

    kind: Kind
    build: Callable[[Networks], Any]
    networks: Networks

    def run(self) -> None:
        """Quantise what the cache lacks, and keep the fastest form that agrees with f32, or f32."""
        samples, exact = self._watched()
        new = {path: spread(seen) for path, seen in samples.items() if not self._is_known(path)}
        note = "generated scenes do not fit what it is shown"
        with tempfile.TemporaryDirectory() as folder:
            forms: dict[Path, Path] = {}
            for level in LEVELS if exact is not None and all(new.values()) else ():
                forms, note = self._tried(new, exact, level, Path(folder) / level)
                if forms:
                    break
            for path, seen in new.items():
                facts = {"samples": len(seen), "samples_sha256": digest(seen)}
                keep_quantised(path, forms.get(path), note, self.networks.store.home, **facts)

    def _watched(self) -> tuple[dict[Path, list[Inputs]], Any]:
        """Run the stage in f32; return what its networks were given, and what it gave (None: not for it)."""
        watch, exercise = Watch(), EXERCISES[self.kind]
        networks = self._networks("f32", watched=watch)
        try:
            stage = self.build(networks)
            exercise.run(stage, "fit")
            watch.is_on = False
            return watch.samples, exercise.run(stage, "judge")
        except InputError:  # more images a frame than a silhouette
            return watch.samples, None
        finally:
            networks.close()

    def _tried(
        self, samples: dict[Path, list[Inputs]], exact: Any, level: Level, folder: Path
    ) -> tuple[dict[Path, Path], str]:
        """Quantise, and compare with f32: the int8 forms if they will do, and in words how they did."""
        forms = {path: folder / str(number) / "network.xml" for number, path in enumerate(samples)}
        try:
            for path, form in forms.items():
                form.parent.mkdir(parents=True)
                quantise(path, samples[path], form, level)
            networks = self._networks("int8", on_trial=forms)
            try:
                given = EXERCISES[self.kind].run(self.build(networks), "judge")
            finally:
                networks.close()
        except NetworkError as error:
            return {}, str(error)
        agreement = EXERCISES[self.kind].compare(exact, given)
        note = f"beside f32 on generated scenes ({level}): {agreement}"
        return (forms if agreement.is_enough else {}), note

    def _networks(self, precision: str, **options: Any) -> Networks:
        mine = self.networks
        return Networks(precision, threads=mine.threads, store=mine.store, **options)

    def _is_known(self, path: Path) -> bool:
        try:
            find_quantised(path, self.networks.store.home)
        except NotQuantisedError:
            return False
        return True


def spread(samples: Sequence[Inputs], most: int = MAX_SAMPLES) -> list[Inputs]:
    """Return at most ``most`` samples, spread evenly over all.

    Examples:
        >>> len(spread([(np.zeros(1),)] * 250))
        84
    """
    return list(samples[:: max(-(-len(samples) // most), 1)])


def digest(samples: Sequence[Inputs]) -> str:
    """Return the SHA-256 of the samples' numbers."""
    total = hashlib.sha256()
    for sample in samples:
        for array in sample:
            total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()
