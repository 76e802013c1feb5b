import numpy as np
import pytest

from gaitway.errors import InputError
from gaitway.synthetic.benchmark import VIEWS_DEG
from gaitway.synthetic.recorded import recorded_walks
from support.shared import shared


def test_each_person_walks_twice_before_every_camera():
    walks = list(recorded_walks(shared("mocap/cmu"), own_body=True))
    people = {walk.person for walk in walks}
    assert len(walks) == len(people) * 2 * len(VIEWS_DEG)
    assert all(20 <= len(walk.silhouettes) <= 32 for walk in walks)


def test_on_one_body_only_the_motion_differs():
    folder = shared("mocap/cmu")
    alike = [w for w in recorded_walks(folder, own_body=False) if w.view_deg == 0 and w.condition == "nm-1"]
    own = [w for w in recorded_walks(folder, own_body=True) if w.view_deg == 0 and w.condition == "nm-1"]

    def spread(walks):
        return np.stack([walk.silhouettes.mean(axis=0) for walk in walks]).std(axis=0).mean()

    assert spread(alike) < spread(own)


def test_a_folder_without_recordings_is_an_error(tmp_path):
    with pytest.raises(InputError, match="holds no recordings"):
        next(recorded_walks(tmp_path, own_body=True))
