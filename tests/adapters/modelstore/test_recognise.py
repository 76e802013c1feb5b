import shutil
import zipfile
from pathlib import Path

import pytest

from gaitway.adapters.modelstore.recognise import recognise
from gaitway.errors import ModelFileError, ModelNotFoundError
from support.checkpoints import gaitbase_shapes, write_checkpoint, yolox_shapes
from support.onnx_files import affine, yolox_like
from support.shared import shared


@pytest.fixture
def look(tmp_path):
    """Recognise a file, with an empty scratch folder each time."""

    def run(path: Path):
        scratch = tmp_path / "scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        return recognise(path, scratch)

    return run


@pytest.mark.parametrize(
    ("shapes", "name", "kind"),
    [
        (yolox_shapes(), "yolox-nano-mot17", "detector"),
        (yolox_shapes(classes=80), "yolox-nano", "detector"),
        (yolox_shapes(classes=7), "", "detector"),
        (yolox_shapes(width=32, tensors=462), "yolox-s-mot17", "detector"),
        (yolox_shapes(width=80, tensors=894), "yolox-x-mot17", "detector"),
        (gaitbase_shapes(), "gaitbase-casiab", "encoder"),
        (gaitbase_shapes(people=20000), "gaitbase-grew", "encoder"),
        (gaitbase_shapes(people=12), "", "encoder"),
        ({"Head.fc_bin": (4, 4, 4), "set_block1.w": (1,)}, "", "encoder"),
    ],
)
def test_checkpoints(look, tmp_path, shapes, name, kind):
    for legacy in (False, True):
        found = look(write_checkpoint(tmp_path / "any.pth.tar", shapes, legacy=legacy))
        assert (found.name, found.kinds) == (name, (kind,))
        assert list(found.files) == ["network.pth.tar"]


def test_the_publishers_file_name_is_kept_any_other_is_not(look, tmp_path):
    for own, kept in (
        ("bytetrack_x_mot17.pth.tar", "bytetrack_x_mot17.pth.tar"),
        ("Ä b.PTH.TAR", "network.pth.tar"),
    ):
        found = look(write_checkpoint(tmp_path / own, yolox_shapes()))
        assert list(found.files) == [kept]


@pytest.mark.parametrize(
    "shapes",
    [
        {"some.other.network": (3, 3)},
        yolox_shapes() | {"one.too.many": (1,)},
        {k: v for k, v in yolox_shapes().items() if "cls_preds.1" not in k},
        yolox_shapes(width=17),
        yolox_shapes() | {"head.reg_preds.0.weight": (5, 4, 1, 1)},
        yolox_shapes() | {"backbone.backbone.stem.conv.conv.weight": ()},
    ],
)
def test_wrong_tensors_are_refused(look, tmp_path, shapes):
    with pytest.raises(ModelFileError, match="wanted"):
        look(write_checkpoint(tmp_path / "any.pt", shapes))


def test_a_checkpoint_in_a_zip(look, tmp_path):
    inner = write_checkpoint(tmp_path / "GaitBase_DA-180000.pt", gaitbase_shapes(people=20000))
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(inner, "GREW/checkpoints/GaitBase_DA-180000.pt")
        archive.writestr("GREW/readme.txt", "hello")
    found = look(tmp_path / "a.zip")
    assert found.name == "gaitbase-grew"
    assert found.files["GaitBase_DA-180000.pt"].read_bytes() == inner.read_bytes()


def test_two_checkpoints_in_a_zip_are_ambiguous(look, tmp_path):
    inner = write_checkpoint(tmp_path / "a.pt", gaitbase_shapes())
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(inner, "one/a.pt")
        archive.write(inner, "two/b.pt")
    with pytest.raises(ModelFileError, match="holds 2 checkpoints, wanted one"):
        look(tmp_path / "a.zip")


def test_a_zip_slip_is_refused(look, tmp_path):
    inner = write_checkpoint(tmp_path / "a.pt", gaitbase_shapes())
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(inner, "../../a.pt")
    with pytest.raises(ModelFileError, match="leaves the folder"):
        look(tmp_path / "a.zip")


def test_yolox_onnx(look, tmp_path):
    found = look(yolox_like(tmp_path / "mine.onnx", classes=3))
    assert (found.name, found.kinds, list(found.files)) == ("", ("detector",), ["network.onnx"])
    assert "3 classes, 64x64" in found.summary
    assert (
        look(yolox_like(tmp_path / "yolox_s.onnx")).name == "yolox-s"
    )  # its hash is not known, so its name counts
    assert look(yolox_like(tmp_path / "yolox_nano.onnx")).name == ""  # its hash is known, and is another


def test_another_onnx_is_refused(look, tmp_path):
    with pytest.raises(ModelFileError, match="wanted YOLOX"):
        look(affine(tmp_path / "a.onnx"))


@pytest.mark.parametrize(
    "name", ["a.onnx", "a.pt", "a.pth", "a.pth.tar", "a.zip", "a.txt", "a.whl", "a", "a.PT"]
)
@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 and more", b"\x80\x02."])
def test_what_is_nothing_is_refused_in_one_line(look, tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelFileError) as caught:
        look(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_absent_file(look, tmp_path):
    with pytest.raises(ModelNotFoundError, match="no file"):
        look(tmp_path / "absent.pt")


def test_an_empty_folder_is_refused(look, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelFileError, match=r"empty lacks deploy\.yaml, model\.pdmodel, model\.pdiparams"):
        look(tmp_path / "empty")


@pytest.mark.parametrize(
    "deploy", ["", "Deploy: 3", "Deploy: {transforms: 3}", "a: [", "!!python/object/apply:os.mkdir [x]"]
)
def test_a_wrong_deploy_yaml_is_refused(look, tmp_path, deploy):
    folder = tmp_path / "seg"
    folder.mkdir()
    for name in ("model.pdmodel", "model.pdiparams"):
        (folder / name).write_bytes(b"")
    (folder / "deploy.yaml").write_text(deploy)
    with pytest.raises(ModelFileError, match=r"seg has a deploy\.yaml"):
        look(folder)


@pytest.mark.shared
class TestPublishedFiles:
    def test_humanseg_zip(self, look):
        found = look(shared("fixtures/humanseg/random_small.zip"))
        assert (found.name, found.kinds) == ("pphumanseg", ("segmenter",))
        assert sorted(found.files) == ["deploy.yaml", "model.pdiparams", "model.pdmodel"]

    def test_humanseg_v1_folder_needs_a_name_of_its_own(self, look):
        found = look(shared("weights/human_pp_humansegv1_lite"))
        assert (found.name, found.kinds) == ("", ("segmenter",))

    def test_humanseg_without_its_numbers(self, look):
        with pytest.raises(ModelFileError, match=r"lacks model\.pdiparams"):
            look(shared("weights/human_pp_humansegv2_mobile"))

    def test_humanseg_with_cut_numbers(self, look, tmp_path):
        folder = shutil.copytree(shared("weights/human_pp_humansegv1_lite"), tmp_path / "seg")
        raw = (folder / "model.pdiparams").read_bytes()
        (folder / "model.pdiparams").chmod(0o644)
        (folder / "model.pdiparams").write_bytes(raw[: len(raw) // 2])
        with pytest.raises(ModelFileError, match="not a readable network"):
            look(folder)

    def test_yolox_nano_is_known_by_its_content(self, look, tmp_path):
        copy = shutil.copyfile(shared("weights/yolox_nano.onnx"), tmp_path / "renamed.onnx")
        found = look(copy)
        assert (found.name, list(found.files)) == ("yolox-nano", ["yolox_nano.onnx"])
