import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitway.errors import InputError, ModelNotFoundError
from gaitway.protocols import Encoder
from gaitway.recognition import GeiConfig, GeiEncoder, calibration_for, distance_matrix
from gaitway.recognition.gei import GeiProjection, load_projection
from gaitway.recognition.templates import phase_energy_images, template_maps
from support.sticks import walk


class TestEncoder:
    def test_fits_the_protocol(self):
        assert isinstance(GeiEncoder(), Encoder)

    def test_the_default_is_calibrated_and_another_shape_is_another_model(self):
        assert calibration_for(GeiEncoder().model_id) is not None
        assert GeiEncoder(GeiConfig(phases=3)).model_id != GeiEncoder().model_id

    @given(st.lists(st.integers(1, 25), min_size=1, max_size=4))
    @settings(deadline=None, max_examples=15)
    def test_a_walk_is_encoded_as_if_alone(self, lengths):
        walks = [walk(length, seed=k) for k, length in enumerate(lengths)]
        together = GeiEncoder().encode(walks)
        for row, silhouettes in zip(together, walks, strict=True):
            np.testing.assert_array_equal(row, GeiEncoder().encode([silhouettes])[0])

    @pytest.mark.parametrize("length", [1, 2, 3, 200])
    def test_any_length_gives_finite_unit_parts(self, length):
        encoded = GeiEncoder().encode([walk(length)])
        assert encoded.dtype == np.float32
        assert encoded.shape[1] == 4
        lengths = np.linalg.norm(encoded, axis=2)
        assert ((lengths > 0.999) & (lengths < 1.001) | (lengths == 0)).all()

    def test_a_blank_walk_is_finite(self):
        assert np.isfinite(GeiEncoder().encode([np.zeros((4, 64, 64), np.uint8)])).all()

    def test_no_walks(self):
        encoder = GeiEncoder(GeiConfig(parts=8))
        assert encoder.encode([]).shape[1:] == encoder.encode([walk(2)]).shape[1:]

    def test_frame_order_hardly_matters(self):
        silhouettes = walk(30)
        mixed = silhouettes[np.random.default_rng(0).permutation(30)]
        straight, shuffled = GeiEncoder().encode([silhouettes, mixed])
        # Frames whose legs are equally spread may change phase, nothing else.
        assert distance_matrix(straight[None], shuffled[None]).item() < 0.02

    def test_tells_builds_apart_whatever_the_phase(self):
        encode = GeiEncoder().encode
        gallery = encode([walk(40, girth=g, seed=1) for g in (0.7, 1.0, 1.5)])
        probes = encode([walk(50, girth=g, seed=2) for g in (0.7, 1.0, 1.5)])
        assert distance_matrix(probes, gallery).argmin(axis=1).tolist() == [0, 1, 2]

    @pytest.mark.parametrize("shape", [(0, 64, 64), (64, 64), (3, 64, 44)])
    def test_other_shapes_are_refused(self, shape):
        with pytest.raises(InputError, match="wanted"):
            GeiEncoder().encode([np.zeros(shape, np.uint8)])


class TestProjection:
    def test_the_shipped_one_is_calibrated_and_another_model(self):
        encoder = GeiEncoder(projection=load_projection())
        assert calibration_for(encoder.model_id) is not None
        assert encoder.model_id != GeiEncoder().model_id

    def test_gives_unit_parts_of_the_projection_s_size(self):
        projection = load_projection()
        encoded = GeiEncoder(projection=projection).encode([walk(20), walk(3, seed=1)])
        assert encoded.shape == (2, 4, projection.directions.shape[2])
        np.testing.assert_allclose(np.linalg.norm(encoded, axis=2), 1, atol=1e-5)

    def test_no_walks(self):
        encoder = GeiEncoder(projection=load_projection())
        assert encoder.encode([]).shape == (0, *encoder.encode([walk(2)]).shape[1:])

    def test_one_of_another_shape_is_refused(self):
        narrow = GeiProjection(np.zeros((4, 8), np.float32), np.zeros((4, 8, 2), np.float32), "narrow")
        with pytest.raises(InputError, match="wanted"):
            GeiEncoder(projection=narrow)

    @pytest.mark.parametrize("content", [None, b"", b"not tensors at all"])
    def test_a_file_that_holds_none_is_one_line(self, tmp_path, content):
        path = tmp_path / "gei.safetensors"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(ModelNotFoundError, match="gei-plain"):
            load_projection(path)


class TestTemplates:
    def test_a_still_walk_deviates_nowhere(self):
        maps = template_maps(np.repeat(walk(1), 9, axis=0))
        assert np.abs(maps[1]).max() < 1e-3
        np.testing.assert_allclose(maps[2:], np.repeat(maps[:1], 3, axis=0), atol=1e-6)

    def test_phases_go_from_legs_together_to_legs_apart(self):
        early, *_, late = phase_energy_images(walk(60), 4)
        width = [(image[56:] > 0.2).any(axis=0).sum() for image in (early, late)]
        assert width[0] < width[1]
