"""The gait networks that gaitway builds with their published keys, and what is known of each.

Parameters and arithmetic are of the published configurations, without the classifier that is only trained
with; a multiplication with its addition counts as two operations, on a frame of 64x44 (SwinGait on Gait3D:
64x64). Accuracies are copied from the page or paper named and were looked up again in a second place, never
measured by us (decision 0089); where we found none there is none.
"""

from __future__ import annotations

from dataclasses import dataclass

ACADEMIC = "academic use only, as its publishers state; ask them before any other use"
BY_HAND = "fetch it from OpenGait's model zoo, then: --encoder FILE --encoder-config YAML"


@dataclass(frozen=True, slots=True)
class GaitNetwork:
    """One published configuration of a gait network.

    Attributes:
        name: Network and data set it was trained on.
        paper: Who, what, where.
        parameters: Of the network without its classifier, in millions.
        gflops: Per frame, thousand million operations; None where nobody counted them.
        accuracy: Rank-1 in percent as published, with the data set; "" where we found none.
        accuracy_source: The page or paper that the accuracy stands in.
        licence: Of the checkpoint.
        get: How to have it.
    """

    name: str
    paper: str
    parameters: float
    gflops: float | None
    accuracy: str = ""
    accuracy_source: str = ""
    licence: str = ACADEMIC
    get: str = BY_HAND


_GAITSET = "Chao et al., GaitSet: Regarding Gait as a Set, AAAI 2019"
_GAITPART = "Fan et al., GaitPart: Temporal Part-based Model for Gait Recognition, CVPR 2020"
_GAITGL = "Lin, Zhang and Yu, Gait Recognition via Effective Global-Local Feature Representation, ICCV 2021"
_OPENGAIT = "Fan et al., OpenGait: Revisiting Gait Recognition Toward Better Practicality, CVPR 2023"
_ZOO_PAGE = "OpenGait's model zoo page, of this checkpoint"
_DEEP = "Fan et al., Exploring Deep Models for Practical Gait Recognition, arXiv:2303.03301"
_SKELETON = "Fan et al., SkeletonGait: Gait Recognition Using Skeleton Maps, AAAI 2024"
_MULTI = "Jin et al., Exploring More from Multiple Gait Modalities for Human Identification, AAAI 2025"
_FOUNDATION = "Ye et al., Silhouette-based Gait Foundation Model, arXiv:2512.00691"
_SCONET = (
    "Zhou et al., Gait Patterns as Biomarkers: A Video-Based Approach for Classifying Scoliosis, MICCAI 2024"
)

ZOO: tuple[GaitNetwork, ...] = (
    GaitNetwork("gaitset-casiab", _GAITSET, 2.59, 0.23, "CASIA-B NM 95.0, BG 87.2, CL 70.4", _GAITSET),
    GaitNetwork("gaitset-oumvlp", _GAITSET, 6.31, 0.89, "OU-MVLP 87.1", _GAITSET),
    GaitNetwork("gaitpart-casiab", _GAITPART, 1.20, 0.21, "CASIA-B NM 96.2, BG 91.5, CL 78.7", _GAITPART),
    GaitNetwork("gaitpart-grew", _GAITPART, 4.84, 0.53, "GREW 47.6", _ZOO_PAGE),
    GaitNetwork("gaitgl-casiab", _GAITGL, 2.49, 0.84, "CASIA-B NM 97.4, BG 94.5, CL 83.6", _GAITGL),
    GaitNetwork("gaitgl-oumvlp", _GAITGL, 11.19, 3.90, "OU-MVLP 89.7", _GAITGL),
    GaitNetwork("gaitgl-grew", _GAITGL, 11.19, 3.90, "GREW 51.7", _ZOO_PAGE),
    GaitNetwork("gaitbase-casiab", _OPENGAIT, 6.99, 2.36, "CASIA-B NM 97.6, BG 94.0, CL 77.4", _OPENGAIT),
    GaitNetwork("gaitbase-oumvlp", _OPENGAIT, 6.99, 2.36, "OU-MVLP 90.8", _OPENGAIT),
    GaitNetwork(
        "gaitbase-grew",
        _OPENGAIT,
        6.99,
        2.36,
        "GREW 60.1",
        _OPENGAIT,
        get="gaitway models pull gaitbase-grew",
    ),
    GaitNetwork("gaitbase-gait3d", _OPENGAIT, 6.99, 2.36, "Gait3D 64.6", _OPENGAIT),
    GaitNetwork("deepgaitv2-2d-gait3d", _DEEP, 11.42, 4.85, "Gait3D 68.2", _DEEP),
    GaitNetwork("deepgaitv2-3d-gait3d", _DEEP, 29.56, 13.57, "Gait3D 72.8", _DEEP),
    GaitNetwork("deepgaitv2-p3d-casiab", _DEEP, 8.03, 2.77),
    GaitNetwork("deepgaitv2-p3d-gait3d", _DEEP, 13.20, 5.68, "Gait3D 74.4", _DEEP),
    GaitNetwork("swingait-gait3d", _DEEP, 13.24, 6.26, "Gait3D 75.0", _DEEP),
    GaitNetwork("swingait-ccpg", _DEEP, 10.62, 3.29),
    GaitNetwork("skeletongait-ccpg", _SKELETON, 8.03, 2.78),
    GaitNetwork("skeletongaitpp-grew", _SKELETON, 13.27, 6.11, "GREW 85.8", _SKELETON),
    GaitNetwork("skeletongaitpp-sustech1k", _SKELETON, 8.10, 3.20, "SUSTech1K 81.3", _SKELETON),
    GaitNetwork("multigaitpp-gait3d", _MULTI, 16.26, None),
    GaitNetwork("sconet", _SCONET, 6.99, 2.36),
    GaitNetwork("foundationgait-003b-gait3d", _FOUNDATION, 69.80, 13.43),
)
