import numpy as np
import pytest

from gaitway.config import Settings, read_settings
from gaitway.errors import InputError
from gaitway.recognition.learned import default_network
from gaitway.types import Embedding
from gaitway.wiring.identify import identify, matcher_for


def walks(count, video, noise):
    rng, model = np.random.default_rng(3), default_network()[1]
    parts = rng.standard_normal((count, 17, 64))
    parts = parts + noise * np.random.default_rng(4).standard_normal(parts.shape)
    parts /= np.linalg.norm(parts, axis=2, keepdims=True)
    return [Embedding(p.astype(np.float32), model, video, k) for k, p in enumerate(parts)]


def labels(settings):
    probes = walks(3, "probe", 0.5)
    found = matcher_for(settings).match(walks(3, "gallery", 0.0), probes, [(0, 9)] * 3)
    return [match.label for match in found], [match.score for match in found]


def test_a_higher_score_asked_for_leaves_people_unknown():
    named, scores = labels(Settings())
    assert None not in named
    strict, _ = labels(Settings(min_score=(max(scores) + 1) / 2))
    assert strict == [None] * 3


def test_settings_reach_the_matcher(tmp_path):
    file = tmp_path / "s.toml"
    file.write_text("min_score = 0.8\ntogether = false\ncentre = false\n", "utf-8")
    config = matcher_for(read_settings(file)).config
    assert (config.min_score, config.joint, config.centre) == (0.8, False, False)


@pytest.mark.parametrize("wrong", [0.0, 1.0])
def test_a_score_that_cannot_be_is_refused_before_anything_is_done(tmp_path, wrong):
    with pytest.raises(InputError, match="min_score"):
        identify(["a.mp4"], ["b.mp4"], tmp_path / "out", settings=Settings(min_score=wrong))
    assert not (tmp_path / "out").exists()
