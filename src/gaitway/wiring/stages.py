"""Names to working stages: which class and files stand behind --detector, --segmenter and --encoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gaitway.adapters.checkpoints.exported import is_exported, load_exported
from gaitway.adapters.checkpoints.humanseg import load_humanseg
from gaitway.adapters.checkpoints.opengait import load_opengait_encoder
from gaitway.adapters.checkpoints.yolox import load_yolox
from gaitway.config import Settings
from gaitway.detection.blazepose import BlazePoseDetector
from gaitway.detection.motion import MotionDetector
from gaitway.detection.steady import SteadyDetector
from gaitway.detection.yolox import YoloxDetector
from gaitway.errors import ConfigError
from gaitway.packs import MODELS, Kind, find_pack
from gaitway.progress import Report, silent
from gaitway.protocols import Camera, Detector, Encoder, Segmenter, Tracker
from gaitway.recognition.gei import GeiEncoder, load_projection
from gaitway.recognition.learned import LearnedEncoder, default_network
from gaitway.segmentation.blazepose import LANDMARK_OUTPUTS, BlazePoseSegmenter
from gaitway.segmentation.humanseg import HumanSegConfig
from gaitway.segmentation.humanseg_crops import CropKind
from gaitway.tracking.camera_motion import CameraMotion
from gaitway.tracking.online import OnlineConfig, OnlineTracker
from gaitway.wiring.int8 import calibrated
from gaitway.wiring.networks import Networks

__all__ = ["Networks", "Stages", "build_stages", "make_detector", "make_encoder", "make_segmenter"]

DETECTORS = ("blazepose", "motion", *(m.name for m in MODELS.values() if m.kinds == ("detector",)))
SEGMENTERS = ("blazepose", "pphumanseg")
ENCODERS = ("gei", "gei-plain", "gait-template", *(m.name for m in MODELS.values() if "encoder" in m.kinds))


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

    def tracker(self, frame_rate: float, *, is_linked: bool = False) -> Tracker:
        """Return a fresh tracker for one video; ``is_linked``: a second pass drops what it begins in vain."""
        return OnlineTracker(OnlineConfig(frame_rate=frame_rate, show_at_once=is_linked))

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
        MissingExtraError: int8 is asked for, and the quantiser is not installed.
    """
    return calibrated("detector", lambda on: _detector(name, on, variant, size), networks)


def _detector(name: str, networks: Networks, variant: str | None, size: tuple[int, int] | None) -> Detector:
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
        MissingExtraError: int8 is asked for, and the quantiser is not installed.
    """
    return calibrated("segmenter", lambda on: _segmenter(name, on, crop), networks)


def _segmenter(name: str, networks: Networks, crop: CropKind) -> Segmenter:
    if name == "blazepose":
        if crop != "context":
            raise ConfigError(
                f"crop {crop!r} is PP-HumanSeg's, and the segmenter is {name}: choose --segmenter"
            )
        file = networks.file("blazepose", "pose_landmark_full.tflite")
        return BlazePoseSegmenter(networks.open(file, outputs=LANDMARK_OUTPUTS))
    source = _named_or_given(name, networks, SEGMENTERS, "segmenter")
    return load_humanseg(source, config=HumanSegConfig(crop=crop), engine=networks.engine(name))


def make_encoder(
    name: str, networks: Networks, *, config: str | Path | Mapping[str, Any] | None = None
) -> Encoder:
    """Build an encoder by its name, from a checkpoint of OpenGait's or from what ``gaitway train`` exported.

    Raises:
        ConfigError: The name is unknown, and no file.
        ModelError: The file cannot be had or loaded.
        MissingExtraError: int8 is asked for, and the quantiser is not installed.
    """
    return calibrated("encoder", lambda on: _encoder(name, on, config), networks)


def _encoder(name: str, networks: Networks, config: str | Path | Mapping[str, Any] | None) -> Encoder:
    if name == "gei":
        return GeiEncoder(projection=load_projection())
    if name == "gei-plain":
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
