"""What the decisions over a whole video are worth: with and without them, on the same generated scenes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gaitway.protocols import Encoder
from gaitway.recognition.matcher import JointMatcher, MatcherConfig
from gaitway.synthetic.mask_faults import REAL_VIDEO
from gaitway.synthetic.population import PopulationConfig
from gaitway.training.calibrate import CalibrationConfig, Scene, generated_scenes
from gaitway.types import Embedding

SCENES = CalibrationConfig(scenes=60, population=PopulationConfig(seed=98_000, faults=REAL_VIDEO))
STRANGERS = (0.0, 0.5, 1.0)
WAYS = {
    "together, centred (as shipped)": MatcherConfig(),
    "together": MatcherConfig(centre=False),
    "alone, centred": MatcherConfig(joint=False),
    "alone": MatcherConfig(joint=False, centre=False),
}


def print_scene_statistics(encoder: Encoder) -> None:
    """Print how many are named right and how many strangers are left unknown, way by way."""
    print(f"\nScene statistics, {SCENES.scenes} generated scenes each; everybody is seen at once\n")
    print("| strangers among the asked | way | known named right | known named wrong | strangers unknown |")
    print("| --- | --- | --- | --- | --- |")
    for rate in STRANGERS:
        scenes = list(generated_scenes(encoder, replace(SCENES, stranger_rate=rate)))
        for way, config in WAYS.items():
            right, wrong, unknown = _decide(scenes, config, encoder.model_id)
            print(f"| {rate:.0%} | {way} | {right} | {wrong} | {unknown} |", flush=True)


def _decide(scenes: Sequence[Scene], config: MatcherConfig, model: str) -> tuple[str, str, str]:
    matcher = JointMatcher(config)
    right = wrong = known = refused = strangers = 0
    for scene in scenes:
        gallery = [Embedding(parts, model, "gallery", k) for k, parts in enumerate(scene.known)]
        probes = [Embedding(parts, model, "probe", k) for k, parts in enumerate(scene.asked)]
        labels = [str(k) for k in range(len(gallery))]
        found = matcher.match(gallery, probes, [(0, 40)] * len(probes), labels)
        for match, same in zip(found, scene.same, strict=True):
            if same.any():
                known += 1
                right += match.label == str(same.argmax())
                wrong += match.label not in (None, str(same.argmax()))
            else:
                strangers += 1
                refused += match.label is None
    return _percent(right, known), _percent(wrong, known), _percent(refused, strangers)


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} % of {whole}" if whole else "-"
