"""Model packs: which detector, segmenter and encoder belong together, and where their files come from.

Data only. The files are fetched and kept by ``gaitway.adapters.modelstore``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gaitway.errors import ConfigError, ModelNotFoundError

Kind = Literal["detector", "segmenter", "encoder"]


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model as it lies in the cache.

    Attributes:
        name: File name in the model's folder.
        sha256: What its content must hash to; None where its publisher's file was never hashed by us.
        member: The file's path inside the wheel or zip it comes from, or its name there where only one
            file has it; empty where the file is fetched as it is.
    """

    name: str
    sha256: str | None = None
    member: str = ""


@dataclass(frozen=True, slots=True)
class WheelSource:
    """Files of a package on the Python package index; any platform's wheel does.

    Attributes:
        requirement: The pinned package.
        tags: (platform tag, Python version) pairs to ask for, in order.
    """

    requirement: str
    tags: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class UrlSource:
    """A file, or a zip of the files, at an address.

    Attributes:
        url: The publisher's address.
    """

    url: str


@dataclass(frozen=True, slots=True)
class DriveSource:
    """A public file of Google Drive.

    Attributes:
        file_id: The id in its sharing link.
        service: Drive's address for downloads.
    """

    file_id: str
    service: str = "https://drive.usercontent.google.com/download"


Source = WheelSource | UrlSource | DriveSource


@dataclass(frozen=True, slots=True)
class Model:
    """One published model.

    Attributes:
        name: What the command line and the cache call it.
        kinds: The stages it serves.
        summary: What it is, in a line.
        files: Its files in the cache.
        source: Where they come from.
        licence: Of the weights, as their publisher states it.
        citation: The paper to cite.
        homepage: The publisher's page.
        size_mb: About how much is fetched.
    """

    name: str
    kinds: tuple[Kind, ...]
    summary: str
    files: tuple[ModelFile, ...]
    source: Source
    licence: str
    citation: str
    homepage: str
    size_mb: float


@dataclass(frozen=True, slots=True)
class Pack:
    """A detector, a segmenter and an encoder that belong together.

    Attributes:
        name: What ``--pack`` calls it.
        detector: Detector's name.
        segmenter: Segmenter's name.
        encoder: Encoder's name.
        summary: When to choose it.
    """

    name: str
    detector: str
    segmenter: str
    encoder: str
    summary: str

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the published models it needs, each once; parts without a file are not among them."""
        return models_needed(self.detector, self.segmenter, self.encoder)


_YOLOX = "Ge et al., YOLOX: Exceeding YOLO Series in 2021, arXiv:2107.08430"
_YOLOX_RELEASE = "https://github.com/Megvii-BaseDetection/YOLOX/releases/download/0.1.1rc0"


def _yolox_coco(variant: str, size_mb: float, sha256: str | None = None) -> Model:
    return Model(
        name=f"yolox-{variant}",
        kinds=("detector",),
        summary=f"YOLOX-{variant} trained on COCO; persons only are used",
        files=(ModelFile(f"yolox_{variant}.onnx", sha256),),
        source=UrlSource(f"{_YOLOX_RELEASE}/yolox_{variant}.onnx"),
        licence="Apache-2.0",
        citation=_YOLOX,
        homepage="https://github.com/Megvii-BaseDetection/YOLOX",
        size_mb=size_mb,
    )


_MODELS = (
    Model(
        name="blazepose",
        kinds=("detector", "segmenter"),
        summary="BlazePose: person detector, and landmark model giving mask and 33 keypoints",
        files=(
            ModelFile(
                "pose_detection.tflite",
                "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
                "mediapipe/modules/pose_detection/pose_detection.tflite",
            ),
            ModelFile(
                "pose_landmark_full.tflite",
                "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
                "mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
            ),
        ),
        source=WheelSource(
            "mediapipe==0.10.21",
            (("manylinux_2_28_x86_64", "3.12"), ("macosx_11_0_universal2", "3.12"), ("win_amd64", "3.12")),
        ),
        licence="Apache-2.0",
        citation="Bazarevsky et al., BlazePose: On-device Real-time Body Pose Tracking, arXiv:2006.10204",
        homepage="https://ai.google.dev/edge/mediapipe/solutions/vision/pose_landmarker",
        size_mb=36.0,
    ),
    _yolox_coco("nano", 3.7, "695e750a5d5754bb5a8d5325643b59282191a7e7a564e435a415fd3c578eab14"),
    _yolox_coco("tiny", 20.0),
    _yolox_coco("s", 36.0),
    _yolox_coco("m", 101.0),
    _yolox_coco("l", 217.0),
    _yolox_coco("x", 397.0),
    Model(
        name="yolox-x-mot17",
        kinds=("detector",),
        summary="YOLOX-x trained on pedestrians (CrowdHuman, MOT17, CityPersons, ETHZ), ByteTrack's detector",
        files=(ModelFile("bytetrack_x_mot17.pth.tar"),),
        source=DriveSource("1P4mY0Yyd3PPTybgZkjMYhFri88nTmJX5"),
        licence="MIT (ByteTrack); its training images have terms of their own",
        citation="Zhang et al., ByteTrack: Multi-Object Tracking by Associating Every Box, ECCV 2022",
        homepage="https://github.com/ifzhang/ByteTrack",
        size_mb=793.0,
    ),
    Model(
        name="pphumanseg",
        kinds=("segmenter",),
        summary="PP-HumanSegV2-Mobile 192x192",
        files=(
            ModelFile(
                "deploy.yaml",
                "0b34f7701f3ea9c737a264e6b30c1cde3b2117953a15be1daceb4f6d1c51f2b3",
                "deploy.yaml",
            ),
            ModelFile("model.pdmodel", None, "model.pdmodel"),
            ModelFile("model.pdiparams", None, "model.pdiparams"),
        ),
        source=UrlSource(
            "https://paddleseg.bj.bcebos.com/dygraph/pp_humanseg_v2/"
            "human_pp_humansegv2_mobile_192x192_inference_model_with_softmax.zip"
        ),
        licence="Apache-2.0 (PaddleSeg)",
        citation="Chu et al., PP-HumanSeg, WACV 2022 workshops, arXiv:2112.07146",
        homepage="https://github.com/PaddlePaddle/PaddleSeg/tree/release/2.9/contrib/PP-HumanSeg",
        size_mb=29.0,
    ),
    Model(
        name="gaitbase-grew",
        kinds=("encoder",),
        summary="GaitBase trained on GREW",
        files=(ModelFile("GaitBase_DA-180000.pt", None, "GaitBase_DA-180000.pt"),),
        source=UrlSource(
            "https://github.com/ShiqiYu/OpenGait/releases/download/v2.0/pretrained_grew_gaitbase.zip"
        ),
        licence="academic use only, as its publishers state; ask them before any other use",
        citation="Fan et al., OpenGait: Revisiting Gait Recognition Toward Better Practicality, CVPR 2023",
        homepage="https://github.com/ShiqiYu/OpenGait",
        size_mb=360.0,
    ),
)

MODELS: dict[str, Model] = {model.name: model for model in _MODELS}

PACKS: dict[str, Pack] = {
    pack.name: pack
    for pack in (
        Pack(
            "builtin",
            "blazepose",
            "blazepose",
            "gait-template",
            "the default: nothing to fetch by hand, from 50 px",
        ),
        Pack("light", "yolox-nano", "blazepose", "gait-template", "faster and steadier boxes in crowds"),
        Pack("bytetrack", "yolox-x-mot17", "pphumanseg", "gaitbase-grew", "the published research stack"),
    )
}


def find_pack(name: str) -> Pack:
    """Return the pack called ``name``.

    Raises:
        ConfigError: There is none.
    """
    if name not in PACKS:
        raise ConfigError(f"no pack is called {name!r}: choose one of {', '.join(PACKS)}")
    return PACKS[name]


def find_model(name: str) -> Model:
    """Return the published model called ``name``.

    Raises:
        ModelNotFoundError: There is none.
    """
    if name not in MODELS:
        raise ModelNotFoundError(f"no model is called {name!r}: choose one of {', '.join(MODELS)}")
    return MODELS[name]


def models_needed(*parts: str) -> tuple[str, ...]:
    """Return the names among ``parts`` that are published models, each once, in order.

    Examples:
        >>> models_needed("yolox-nano", "blazepose", "gei")
        ('yolox-nano', 'blazepose')
    """
    return tuple(dict.fromkeys(part for part in parts if part in MODELS))
