"""Names to working stages: which class and files stand behind --detector, --segmenter and --encoder."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gaitway.adapters.modelstore.store import ModelStore
from gaitway.adapters.runtimes.openvino import OpenVinoRuntime
from gaitway.config import Settings
from gaitway.errors import ConfigError
from gaitway.packs import MODELS, find_pack
from gaitway.progress import Progress, Report, silent
from gaitway.protocols import Detector, Encoder, Segmenter
from gaitway.recognition.gei import GeiEncoder
from gaitway.tracking.bytetrack import ByteTracker

DETECTORS = ("blazepose", "yolox-nano", "yolox-tiny", "yolox-s", "yolox-m", "yolox-l", "yolox-x", "motion")
SEGMENTERS = ("blazepose", "pphumanseg")
ENCODERS = ("gei",)


@dataclass
class Networks:
    """Loads the networks that stages ask for, each once, and knows what was loaded.

    Attributes:
        precision: Arithmetic of all of them.
        threads: Cores to use; None for all there are.
        report: Told when a model is fetched.
        hashes: SHA-256 of every model file in use, by file name.
    """

    precision: Any = "f32"
    threads: int | None = None
    report: Report = silent
    hashes: dict[str, str] = field(default_factory=dict)
    runtimes: dict[str, OpenVinoRuntime] = field(default_factory=dict)
    store: ModelStore = field(default_factory=ModelStore)

    def file(self, model: str, member: str | None = None) -> Path:
        """Return a model's file, fetched first if it is not here."""
        self.store.ensure(model, functools.partial(self._pulling, model))
        path = self.store.path(model, member)
        stored = next(m for m in self.store.entries() if m.name == model)
        self.hashes |= {f"{model}/{f.name}": f.sha256 for f in stored.files if f.name == path.name}
        return path

    def runtime(self, model: str, member: str | None = None) -> OpenVinoRuntime:
        """Return a loaded network."""
        return self.open(self.file(model, member))

    def open(self, path: Path, **options: Any) -> OpenVinoRuntime:
        """Return the network in ``path``, loaded once."""
        key = str(path)
        if key not in self.runtimes:
            self.runtimes[key] = OpenVinoRuntime(
                path, precision=self.precision, threads=self.threads, **options
            )
        return self.runtimes[key]

    @property
    def busy_s(self) -> dict[str, float]:
        """Seconds of network time so far, per network."""
        return {Path(path).stem: runtime.busy_s for path, runtime in self.runtimes.items()}

    def close(self) -> None:
        """Give the networks' threads back."""
        for runtime in self.runtimes.values():
            runtime.close()

    def _pulling(self, model: str, file: str, done: int, total: int | None) -> None:
        self.report(Progress("fetch", f"{model} ({file})", done, total))


@dataclass(frozen=True)
class Stages:
    """The stages of one run, and by what names they were asked for."""

    detector: Detector
    segmenter: Segmenter
    encoder: Encoder
    names: Mapping[str, str]
    networks: Networks

    def tracker(self, frame_rate: float) -> ByteTracker:
        """Return a fresh tracker for one video."""
        return ByteTracker(frame_rate=frame_rate)


def build_stages(settings: Settings, report: Report = silent) -> Stages:
    """Build the stages that ``settings`` name: the pack's, and what was chosen instead.

    Raises:
        ConfigError: An unknown name.
        ModelError: A model's file cannot be had or loaded.
    """
    pack = find_pack(settings.pack)
    names = {
        "detector": settings.detector or pack.detector,
        "segmenter": settings.segmenter or pack.segmenter,
        "encoder": settings.encoder or pack.encoder,
    }
    networks = Networks(settings.precision, settings.threads or None, report)
    segmenter = make_segmenter(names["segmenter"], networks)
    detector = make_detector(names["detector"], networks)
    encoder = make_encoder(names["encoder"], networks)
    return Stages(detector, segmenter, encoder, names, networks)


def make_detector(
    name: str, networks: Networks, *, variant: str | None = None, size: tuple[int, int] | None = None
) -> Detector:
    """Build a detector by its name or its file."""
    if name == "motion":
        from gaitway.detection.motion import MotionDetector

        return MotionDetector()
    if name == "blazepose":
        from gaitway.detection.blazepose import BlazePoseDetector
        from gaitway.segmentation.blazepose import BlazePoseSegmenter

        landmarks = BlazePoseSegmenter(networks.runtime("blazepose", "pose_landmark_full.tflite"))
        return BlazePoseDetector(networks.runtime("blazepose", "pose_detection.tflite"), landmarks)
    if name in DETECTORS or Path(name).suffix == ".onnx":
        from gaitway.detection.yolox import YoloxDetector

        path = networks.file(name) if name in MODELS else Path(name)
        return YoloxDetector(networks.open(path))
    raise ConfigError(f"no detector {name!r}: choose one of {', '.join(DETECTORS)}, or give a file")


def make_segmenter(name: str, networks: Networks) -> Segmenter:
    """Build a segmenter by its name, folder or zip."""
    if name == "blazepose":
        from gaitway.segmentation.blazepose import BlazePoseSegmenter

        return BlazePoseSegmenter(networks.runtime("blazepose", "pose_landmark_full.tflite"))
    raise ConfigError(f"no segmenter {name!r}: choose one of {', '.join(SEGMENTERS)}, or give a folder")


def make_encoder(name: str, networks: Networks, *, config: Any = None) -> Encoder:
    """Build an encoder by its name or its checkpoint."""
    if name == "gei":
        return GeiEncoder()
    raise ConfigError(f"no encoder {name!r}: choose one of {', '.join(ENCODERS)}, or give a checkpoint")
