import hashlib
import json
import zipfile
from dataclasses import replace

import pytest

from gaitway.adapters.modelstore.store import ModelStore
from gaitway.adapters.modelstore.zoo import ZOO
from gaitway.cli.main import run
from gaitway.packs import MODELS, PACKS, DriveSource, UrlSource
from support.checkpoints import gaitbase_shapes, write_checkpoint, yolox_shapes
from support.shared import shared
from support.web import Page, serve


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("GAITWAY_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def checkpoint(tmp_path):
    return str(write_checkpoint(tmp_path / "n.pt", gaitbase_shapes()))


def test_list_names_every_model_pack_and_licence(capsys, home):
    assert run(["models", "list"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in (*MODELS, *PACKS))
    assert all(model.licence in out for model in MODELS.values())
    assert str(home) in out


def test_list_shows_the_zoo(capsys):
    assert run(["models", "list"]) == 0
    out = capsys.readouterr().out
    for network in ZOO:
        assert network.name in out
        assert network.paper in out
        assert network.accuracy in out
    assert run(["models", "list", "--json"]) == 0
    zoo = {row["name"]: row for row in json.loads(capsys.readouterr().out)["zoo"]}
    assert zoo["gaitbase-grew"]["get"] == "gaitway models pull gaitbase-grew"
    assert zoo["gaitbase-grew"]["gflops"] == pytest.approx(2.36)


def test_list_as_json(capsys, checkpoint):
    run(["models", "add", checkpoint])
    capsys.readouterr()
    assert run(["models", "list", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["models"]}
    assert rows["gaitbase-casiab"]["here"]
    assert not rows["blazepose"]["here"]


def test_add_path_verify_remove(capsys, checkpoint, home):
    assert run(["models", "add", checkpoint]) == 0
    assert "gaitbase-casiab is ready" in capsys.readouterr().out
    assert run(["models", "path", "gaitbase-casiab"]) == 0
    path = capsys.readouterr().out.strip()
    assert path == str(home / "models" / "gaitbase-casiab" / "network.pt")
    assert run(["models", "verify"]) == 0
    assert capsys.readouterr().out == "gaitbase-casiab: ok\n"
    (home / "models" / "gaitbase-casiab" / "network.pt").write_bytes(b"changed")
    assert run(["models", "verify"]) == 1
    captured = capsys.readouterr()
    assert "has changed" in captured.out
    assert "gaitway models remove gaitbase-casiab" in captured.err
    assert run(["models", "remove", "gaitbase-casiab"]) == 0
    assert ModelStore().entries() == []


def test_pull_of_what_is_here_says_so_and_is_quiet_on_request(capsys, monkeypatch, checkpoint):
    ModelStore().add(checkpoint)
    monkeypatch.setitem(MODELS, "gaitbase-casiab", MODELS["gaitbase-grew"])
    assert run(["models", "pull", "gaitbase-casiab"]) == 0
    assert capsys.readouterr().out == "gaitbase-casiab is already here\n"
    assert run(["models", "pull", "gaitbase-casiab", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["pull", "nonsense"],
        ["path", "blazepose"],
        ["path", "../x"],
        ["add", "/nowhere/at.all"],
        ["remove", "nonsense"],
        ["verify", "nonsense"],
    ],
)
def test_mistakes_are_one_line(capsys, arguments):
    assert run(["models", *arguments]) in {1, 2}
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert err.startswith("gaitway: ")


@pytest.fixture
def site(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve() as server:
        yield server


def test_pull_shows_the_terms_first_and_the_hash_of_first_use(capsys, monkeypatch, site, tmp_path):
    content = write_checkpoint(tmp_path / "x.pth.tar", yolox_shapes(width=80, tensors=894)).read_bytes()
    site.pages["/download"] = Page(content, {"Content-Type": "application/octet-stream"})
    model = MODELS["yolox-x-mot17"]
    source = replace(model.source, service=site.url("/download"))
    monkeypatch.setitem(MODELS, model.name, replace(model, source=source))
    assert run(["models", "pull", model.name]) == 0
    captured = capsys.readouterr()
    assert captured.out == "yolox-x-mot17 is ready\n"
    told = captured.err
    assert (
        told.index(model.licence)
        < told.index(model.citation)
        < told.index("fetching bytetrack_x_mot17.pth.tar")
    )
    assert f"recorded SHA-256 {hashlib.sha256(content).hexdigest()}" in told


DRIVE_PAGE = b"""<html><form id="download-form" action="/drive" method="get">
<input type="hidden" name="id" value="1P4mY0Yyd3PPTybgZkjMYhFri88nTmJX5">
<input type="hidden" name="confirm" value="t"></form></html>"""


def test_the_published_pack_is_pulled_from_its_three_publishers(capsys, monkeypatch, site, tmp_path, home):
    """Drive asks for a confirmation, the release breaks off twice, the third comes whole."""
    detector = write_checkpoint(tmp_path / "x.pth.tar", yolox_shapes(width=80, tensors=894)).read_bytes()
    gait = write_checkpoint(tmp_path / "GaitBase_DA-180000.pt", gaitbase_shapes(20000))
    with zipfile.ZipFile(tmp_path / "gait.zip", "w") as archive:
        archive.write(gait, f"GREW/checkpoints/{gait.name}")

    def drive(request) -> Page:
        if request.query.get("confirm") == "t":
            return Page(detector, {"Content-Type": "application/octet-stream"})
        return Page(DRIVE_PAGE, {"Content-Type": "text/html"})

    release = Page((tmp_path / "gait.zip").read_bytes(), {"ETag": '"1"'}, break_after=1000, breaks=2)
    site.pages |= {"/drive": drive, "/gait.zip": release}
    site.pages["/seg.zip"] = Page(shared("fixtures/humanseg/random_small.zip").read_bytes())
    sources = {
        "yolox-x-mot17": DriveSource("1P4mY0Yyd3PPTybgZkjMYhFri88nTmJX5", site.url("/drive")),
        "pphumanseg": UrlSource(site.url("/seg.zip")),
        "gaitbase-grew": UrlSource(site.url("/gait.zip")),
    }
    for name, source in sources.items():
        monkeypatch.setitem(MODELS, name, replace(MODELS[name], source=source))
    assert run(["models", "pull", "bytetrack"]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines() == [f"{name} is ready" for name in PACKS["bytetrack"].models]
    for name in sources:
        assert MODELS[name].licence in captured.err
        assert MODELS[name].citation in captured.err
    assert captured.err.count("first use, recorded SHA-256") == 4  # deploy.yaml's is known
    assert any(asked and asked != "bytes=0-" for asked in site.ranges_asked()), "nothing was resumed"
    assert (home / "models/yolox-x-mot17/bytetrack_x_mot17.pth.tar").read_bytes() == detector
    asked = len(site.requests)
    assert run(["models", "pull", "bytetrack"]) == 0
    assert len(site.requests) == asked
    assert run(["models", "verify"]) == 0


def test_one_model_that_cannot_be_had_stops_with_one_line(capsys, monkeypatch, site):
    model = MODELS["yolox-nano"]
    monkeypatch.setitem(MODELS, model.name, replace(model, source=UrlSource(site.url("/gone.onnx"))))
    assert run(["models", "pull", "light", "--quiet"]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "/gone.onnx" in err
    assert "gaitway models add FILE" in err
