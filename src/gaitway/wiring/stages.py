"""Names to working stages: which class and files stand behind --detector, --segmenter and --encoder."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gaitway.adapters.checkpoints.engine import Engine
from gaitway.adapters.checkpoints.exported import is_exported, load_exported
from gaitway.adapters.checkpoints.humanseg import load_humanseg
from gaitway.adapters.checkpoints.opengait import load_opengait_encoder
from gaitway.adapters.checkpoints.yolox import load_yolox
from gaitway.adapters.modelstore.manifest import sha256_file
from gaitway.adapters.modelstore.store import ModelStore
from gaitway.adapters.runtimes.openvino import OpenVinoRuntime
from gaitway.config import Device, Settings
from gaitway.detection.blazepose import BlazePoseDetector
from gaitway.detection.motion import MotionDetector
from gaitway.detection.steady import SteadyDetector
from gaitway.detection.yolox import YoloxDetector
from gaitway.errors import ConfigError
from gaitway.packs import MODELS, Kind, find_pack
from gaitway.progress import Progress, Report, silent
from gaitway.protocols import Camera, Detector, Encoder, Segmenter, Tracker
from gaitway.recognition.gei import GeiEncoder
from gaitway.recognition.learned import LearnedEncoder, default_network
from gaitway.segmentation.blazepose import BlazePoseSegmenter
from gaitway.segmentation.humanseg import HumanSegConfig
from gaitway.segmentation.humanseg_crops import CropKind
from gaitway.tracking.camera_motion import CameraMotion
from gaitway.tracking.online import OnlineConfig, OnlineTracker

DETECTORS = ("blazepose", "motion", *(m.name for m in MODELS.values() if m.kinds == ("detector",)))
SEGMENTERS = ("blazepose", "pphumanseg")
ENCODERS = ("gei", "gait-template", *(m.name for m in MODELS.values() if "encoder" in m.kinds))


@dataclass
class Networks:
    """Loads the networks that stages ask for, each once, and knows what was loaded.

    Attributes:
        precision: Arithmetic of all of them.
        device: Where checkpoints' networks run: the CPU by OpenVINO, or CUDA by torch.
        threads: Cores to use; None for all there are.
        report: Told when a model is fetched.
        hashes: SHA-256 of every model file in use, by file name.
        runtimes: What OpenVINO loaded, by file and options.
        on_torch: What torch loaded, and whose it is.
    """

    precision: Any = "f32"
    device: Device = "cpu"
    threads: int | None = None
    report: Report = silent
    hashes: dict[str, str] = field(default_factory=dict)
    runtimes: dict[tuple[Path, str], OpenVinoRuntime] = field(default_factory=dict)
    on_torch: list[tuple[str, Any]] = field(default_factory=list)
    owners: dict[Path, str] = field(default_factory=dict)
    store: ModelStore = field(default_factory=ModelStore)

    def file(self, model: str, member: str | None = None) -> Path:
        """Return a model's file, fetched first if it is not here."""
        if model in MODELS:  # what users added by hand is here or nowhere
            self.store.ensure(model, functools.partial(self._pulling, model))
        path = self.store.path(model, member)
        stored = self.store.find(model)
        files = stored.files if stored else ()
        self.hashes |= {f"{model}/{f.name}": f.sha256 for f in files if path.is_dir() or f.name == path.name}
        return path

    def runtime(self, model: str, member: str | None = None) -> OpenVinoRuntime:
        """Return a loaded network."""
        return self.open(self.file(model, member))

    def open(self, path: Path, *, owner: str = "", **options: Any) -> OpenVinoRuntime:
        """Return the network in ``path``, loaded once; ``owner`` names it where its file's name does not."""
        self.owners.setdefault(path, owner or path.stem)
        key = (path, str(options.get("shapes")))
        if key not in self.runtimes:
            self.runtimes[key] = OpenVinoRuntime(
                path, precision=self.precision, threads=self.threads, **options
            )
        return self.runtimes[key]

    @property
    def busy_s(self) -> dict[str, float]:
        """Seconds of network time so far, per network file."""
        seconds: dict[str, float] = defaultdict(float)
        for name, runtime in self.loaded():
            seconds[name] += runtime.busy_s
        return dict(seconds)

    def loaded(self) -> list[tuple[str, Any]]:
        """Return every network in use with its name; one open in several sizes comes several times."""
        return [(self.owners[path], r) for (path, _), r in self.runtimes.items()] + self.on_torch

    def engine(self, model: str) -> Engine:
        """Return where a model's networks run: here, so that each is loaded once and its time counted."""
        owner = Path(model).name
        return Engine(
            functools.partial(self.open, owner=owner),
            device=None if self.device == "cpu" else self.device,
            precision=self.precision,
            on_torch_opened=lambda runtime: self.on_torch.append((owner, runtime)),
            home=self.store.home,
        )

    def remember(self, path: Path) -> None:
        """Note the hash of a model file that the user brought."""
        files = sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]
        self.hashes |= {f.name: sha256_file(f) for f in files}

    def close(self) -> None:
        """Give the networks' threads back."""
        for _, runtime in self.loaded():
            runtime.close()

    def _pulling(self, model: str, file: str, done: int, total: int | None) -> None:
        self.report(Progress("fetch", f"{model} ({file})", done, total))


@dataclass(frozen=True)
class Stages:
    """The stages of one run.

    Attributes:
        detector: Finds people.
        segmenter: Cuts them out.
        encoder: Turns walks into embeddings.
        names: By what names they were asked for.
        networks: What they loaded.
        seen_with: SHA-256 of the detector's and the segmenter's files: another encoder tracks nothing again.
    """

    detector: Detector
    segmenter: Segmenter
    encoder: Encoder
    names: Mapping[str, str]
    networks: Networks
    seen_with: Mapping[str, str] = field(default_factory=dict)

    def tracker(self, frame_rate: float) -> Tracker:
        """Return a fresh tracker for one video."""
        return OnlineTracker(OnlineConfig(frame_rate=frame_rate))

    def gait_encoder(self) -> Encoder:
        """Return our own encoder, by which the walks of one video are compared whatever names people."""
        return make_encoder("gait-template", self.networks)

    def camera(self, settings: Settings) -> Camera | None:
        """Return a fresh estimator of the camera's motion, where it is asked for."""
        return CameraMotion() if settings.camera_motion else None


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
    networks = Networks(settings.precision, settings.device, settings.threads or None, report)
    segmenter = make_segmenter(names["segmenter"], networks, crop=settings.crop)
    detector = make_detector(names["detector"], networks)
    if settings.steady and isinstance(detector, YoloxDetector) and isinstance(segmenter, BlazePoseSegmenter):
        detector = SteadyDetector(detector, segmenter)
        names["detector"] += "+steady"
    seen_with = dict(networks.hashes)
    encoder = make_encoder(names["encoder"], networks)
    return Stages(detector, segmenter, encoder, names, networks, seen_with)


def make_detector(
    name: str, networks: Networks, *, variant: str | None = None, size: tuple[int, int] | None = None
) -> Detector:
    """Build a detector by its name or the file of a YOLOX network.

    Raises:
        ConfigError: The name is unknown, and no file.
        ModelError: The file cannot be had or loaded.
    """
    if name == "motion":
        return MotionDetector()
    if name == "blazepose":
        landmarks = make_segmenter("blazepose", networks)
        return BlazePoseDetector(networks.runtime("blazepose", "pose_detection.tflite"), landmarks)
    path = _named_or_given(name, networks, DETECTORS, "detector")
    return load_yolox(path, variant, size, engine=networks.engine(name))


def make_segmenter(name: str, networks: Networks, *, crop: CropKind = "context") -> Segmenter:
    """Build a segmenter by its name, or from the folder or zip of a PP-HumanSeg release.

    Args:
        name: Its name, folder or zip.
        networks: Load its networks.
        crop: How PP-HumanSeg is shown a person.

    Raises:
        ConfigError: The name is unknown, and no folder or file; or it has no choice of crops.
        ModelError: The files cannot be had or loaded.
    """
    if name == "blazepose":
        if crop != "context":
            raise ConfigError(
                f"crop {crop!r} is PP-HumanSeg's, and the segmenter is {name}: choose --segmenter"
            )
        return BlazePoseSegmenter(networks.runtime("blazepose", "pose_landmark_full.tflite"))
    source = _named_or_given(name, networks, SEGMENTERS, "segmenter")
    return load_humanseg(source, config=HumanSegConfig(crop=crop), engine=networks.engine(name))


def make_encoder(
    name: str, networks: Networks, *, config: str | Path | Mapping[str, Any] | None = None
) -> Encoder:
    """Build an encoder by its name, from a checkpoint of OpenGait's or from what ``gaitway train`` exported.

    Raises:
        ConfigError: The name is unknown, and no file.
        ModelError: The file cannot be had or loaded.
    """
    if name == "gei":
        return GeiEncoder()
    if name == "gait-template":
        graph, model_id = default_network()
        networks.remember(graph)
        networks.remember(graph.with_suffix(".bin"))
        return LearnedEncoder(networks.open(graph), model_id)
    path = _named_or_given(name, networks, ENCODERS, "encoder")
    if config is None and is_exported(path):
        return load_exported(path, engine=networks.engine(name))
    return load_opengait_encoder(path, config, engine=networks.engine(name))


def _named_or_given(name: str, networks: Networks, known: Sequence[str], stage: Kind) -> Path:
    """Return the files of a model in the store, published or added by hand, or the user's own file."""
    path = Path(name)
    if path.exists():
        networks.remember(path)
        return path
    is_published = name in MODELS and stage in MODELS[name].kinds
    is_stored = any(m.name == name and stage in m.kinds for m in networks.store.entries())
    if is_published or is_stored:
        return networks.file(name)
    raise ConfigError(
        f"no {stage} is called {name!r}, and there is no such file: choose one of {', '.join(known)}"
    )
