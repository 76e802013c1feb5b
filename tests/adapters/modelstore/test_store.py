import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from gaitway.adapters.modelstore.download import DownloadConfig
from gaitway.adapters.modelstore.store import ModelStore, default_home
from gaitway.errors import DownloadError, InputError, ModelFileError, ModelNotFoundError, StoreError
from gaitway.packs import MODELS, DriveSource, Model, ModelFile, UrlSource, WheelSource
from support.checkpoints import gaitbase_shapes, write_checkpoint, yolox_shapes
from support.web import Page
from support.wheels import write_wheel

QUICK = DownloadConfig(timeout_s=5.0, attempts=2, pause_s=0.0)
A, B = b"a" * 1000, b"b" * 2000


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def model(name: str, source, *files: ModelFile) -> Model:
    return Model(
        name, ("detector",), "a test model", files, source, "Apache-2.0", "nobody", "https://nowhere", 1.0
    )


@pytest.fixture
def store(tmp_path):
    return ModelStore(tmp_path / "home", QUICK)


@pytest.fixture
def publish(site, monkeypatch):
    """Put a one-file model with a known hash into the catalogue and on the server."""

    def put(content: bytes = A, pinned: bytes | None = None, page: Page | None = None) -> Page:
        site.pages["/net.bin"] = page or Page(content, {"ETag": '"1"'})
        file = ModelFile("net.bin", sha(pinned or content))
        monkeypatch.setitem(MODELS, "net", model("net", UrlSource(site.url("/net.bin")), file))
        return site.pages["/net.bin"]

    return put


def test_pull_then_path(store, publish):
    publish()
    stored = store.pull("net")
    assert store.path("net").read_bytes() == A
    assert stored.files[0].pinned
    assert [entry.name for entry in store.entries()] == ["net"]
    assert store.verify() == {"net": []}


def test_a_second_pull_touches_no_network(store, publish, site):
    publish()
    store.pull("net")
    site.requests.clear()
    site.pages.clear()
    store.pull("net")
    store.ensure("net")
    assert site.requests == []


def test_ensure_fetches_what_is_missing(store, publish):
    publish()
    store.ensure("net")
    assert store.path("net").exists()


def test_path_never_fetches_and_says_what_to_run(store, publish, site):
    publish()
    with pytest.raises(ModelNotFoundError, match="run 'gaitway models pull net'"):
        store.path("net")
    assert site.requests == []


def test_unknown_names(store):
    for call in (store.path, store.pull, store.ensure):
        with pytest.raises(ModelNotFoundError, match="no model is called 'nonsense'"):
            call("nonsense")
    with pytest.raises(ModelNotFoundError, match="is not in"):
        store.remove("nonsense")


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "A", "a b", "a\\b", ".add", "ä", "x" * 65, "a\n"]
)
def test_names_never_become_paths(store, tmp_path, name):
    for call in (store.path, store.remove, store.find):
        with pytest.raises(InputError, match="no model name"):
            call(name)
    checkpoint = write_checkpoint(tmp_path / "n.pt", gaitbase_shapes())
    if name:  # an empty one means that none is given
        with pytest.raises(InputError, match="no model name"):
            store.add(checkpoint, name)


def test_wrong_hash_leaves_nothing(store, publish):
    publish(content=B, pinned=A)
    with pytest.raises(DownloadError, match="SHA-256"):
        store.pull("net")
    with pytest.raises(ModelNotFoundError):
        store.path("net")


def test_offline_names_the_address_and_the_way_round(store, publish, site):
    publish(page=Page(A, statuses=[503] * 9))
    with pytest.raises(DownloadError, match=f"{site.url('/net.bin')} .*run 'gaitway models add FILE'"):
        store.pull("net")


def test_a_broken_pull_goes_on_later(store, publish, site):
    page = publish(page=Page(A, {"ETag": '"1"'}, break_after=100, breaks=1, statuses=[]))
    first = ModelStore(store.home, replace(QUICK, attempts=1))
    with pytest.raises(DownloadError):
        first.pull("net")
    assert page.breaks == 0
    store.pull("net")
    assert store.path("net").read_bytes() == A
    assert site.ranges_asked() == [None, "bytes=100-"]


def test_progress_is_told(store, publish):
    publish()
    steps: list[tuple[str, int, int | None]] = []
    store.pull("net", lambda *step: steps.append(step))
    assert steps[-1] == ("net.bin", 1000, 1000)


def test_wheel_members(store, tmp_path, monkeypatch):
    write_wheel(tmp_path / "index", {"tiny/a.bin": A, "tiny/deep/b.bin": B, "tiny/big.so": A * 9})
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    files = (ModelFile("a.bin", sha(A), "tiny/a.bin"), ModelFile("b.bin", sha(B), "tiny/deep/b.bin"))
    source = WheelSource("tiny==1.0", (("win_amd64", "3.12"),))
    monkeypatch.setitem(MODELS, "two", model("two", source, *files))
    store.pull("two")
    assert store.path("two", "a.bin").read_bytes() == A
    assert store.path("two", "b.bin").read_bytes() == B
    assert store.path("two") == store.home / "models" / "two"
    with pytest.raises(ModelNotFoundError, match=r"ask for one of a\.bin, b\.bin"):
        store.path("two", "c.bin")
    kept = sorted(p.name for p in store.home.rglob("*") if p.is_file())
    assert kept == ["a.bin", "b.bin", "manifest.json", "two.lock"]  # of the wheel nothing else


def test_a_wheel_brought_by_hand(store, tmp_path, monkeypatch):
    wheel = write_wheel(tmp_path, {"tiny/a.bin": A})
    source = WheelSource("tiny==1.0", ())
    monkeypatch.setitem(MODELS, "one", model("one", source, ModelFile("a.bin", sha(A), "tiny/a.bin")))
    assert store.add(wheel).name == "one"
    monkeypatch.setitem(MODELS, "one", model("one", source, ModelFile("a.bin", sha(B), "tiny/a.bin")))
    with pytest.raises(ModelFileError, match="SHA-256"):
        store.add(wheel)


@pytest.mark.parametrize("people", [20000, 74])
def test_a_zip_without_a_known_hash_is_looked_into(store, site, tmp_path, monkeypatch, people):
    inner = write_checkpoint(tmp_path / "GaitBase_DA-180000.pt", gaitbase_shapes(people))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(inner, "deep/GaitBase_DA-180000.pt")
    site.pages["/a.zip"] = Page((tmp_path / "a.zip").read_bytes())
    monkeypatch.setitem(
        MODELS, "gaitbase-grew", replace(MODELS["gaitbase-grew"], source=UrlSource(site.url("/a.zip")))
    )
    if people == 74:
        with pytest.raises(ModelFileError, match="gaitbase-grew was wanted, but this is gaitbase-casiab"):
            store.pull("gaitbase-grew")
        return
    stored = store.pull("gaitbase-grew")
    assert not stored.files[0].pinned
    assert stored.files[0].sha256 == sha(inner.read_bytes())  # recorded at first use
    assert store.path("gaitbase-grew").read_bytes() == inner.read_bytes()


def test_a_drive_file(store, site, tmp_path, monkeypatch):
    content = write_checkpoint(tmp_path / "n.pth.tar", yolox_shapes(width=80, tensors=894)).read_bytes()
    site.pages["/download"] = Page(content, {"Content-Type": "application/octet-stream"})
    drive = DriveSource("1P4mY0Yyd3PPTybgZkjMYhFri88nTmJX5", site.url("/download"))
    monkeypatch.setitem(MODELS, "yolox-x-mot17", replace(MODELS["yolox-x-mot17"], source=drive))
    store.pull("yolox-x-mot17")
    assert store.path("yolox-x-mot17").name == "bytetrack_x_mot17.pth.tar"


def test_add_needs_a_name_for_what_has_none(store, tmp_path):
    path = write_checkpoint(tmp_path / "n.pt", yolox_shapes(classes=3))
    with pytest.raises(InputError, match="give it a name with --name"):
        store.add(path)
    assert store.add(path, "my-yolox").name == "my-yolox"
    assert store.path("my-yolox").name == "network.pt"
    assert store.path("my-yolox").read_bytes() == path.read_bytes()


def test_add_refuses_a_file_as_another_model(store, tmp_path):
    path = write_checkpoint(tmp_path / "n.pt", gaitbase_shapes())
    for name in ("gaitbase-grew", "yolox-s", "blazepose"):
        with pytest.raises(ModelFileError, match=f"{name} was wanted"):
            store.add(path, name)
    with pytest.raises(ModelFileError, match="one certain file"):
        store.add(write_checkpoint(tmp_path / "y.pth", yolox_shapes(classes=80)), "yolox-nano")


def test_add_replaces_an_older_one(store, tmp_path):
    store.add(write_checkpoint(tmp_path / "n.pt", gaitbase_shapes()), "mine")
    store.add(write_checkpoint(tmp_path / "n.pth", gaitbase_shapes(people=100)), "mine")
    assert store.path("mine").name == "network.pth"
    assert sorted(p.name for p in (store.home / "models" / "mine").iterdir()) == [
        "manifest.json",
        "network.pth",
    ]


def test_verify_finds_changes(store, publish):
    publish()
    store.pull("net")
    path = store.path("net")
    path.write_bytes(B[: len(A)])
    assert store.verify(["net", "other"]) == {
        "net": ["net.bin has changed since it was stored"],
        "other": ["is not in the cache"],
    }
    path.unlink()
    assert store.verify() == {"net": ["net.bin is gone"]}


@pytest.mark.parametrize("damage", ["missing", "short"])
def test_an_incomplete_model_is_fetched_again(store, publish, damage):
    publish()
    store.pull("net")
    path = store.path("net")
    path.unlink() if damage == "missing" else path.write_bytes(A[:-1])
    with pytest.raises(ModelNotFoundError):
        store.path("net")
    store.pull("net")
    assert store.path("net").read_bytes() == A


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"schema": 1}',
        '{"schema": 2, "files": []}',
        '{"schema": 1, "files": [{"name": "x"}]}',
    ],
)
def test_a_damaged_manifest_is_one_line(store, publish, text):
    publish()
    store.pull("net")
    (store.home / "models" / "net" / "manifest.json").write_text(text)
    with pytest.raises(StoreError, match="run 'gaitway models remove net'"):
        store.path("net")
    assert len(store.verify()["net"]) == 1
    store.remove("net")
    store.pull("net")
    assert store.path("net").read_bytes() == A


def test_a_manifest_cannot_point_elsewhere(store, publish):
    publish()
    store.pull("net")
    path = store.home / "models" / "net" / "manifest.json"
    values = json.loads(path.read_text())
    values["files"][0]["name"] = "../../../secret"
    path.write_text(json.dumps(values))
    with pytest.raises(StoreError, match="is not this gaitway's"):
        store.path("net", "../../../secret")


def test_remove_deletes_the_model_and_what_was_begun(store, publish):
    publish()
    store.pull("net")
    store.remove("net")
    with pytest.raises(ModelNotFoundError):
        store.path("net")
    assert not (store.home / "partial" / "net").exists()


def test_a_cache_that_cannot_be_written(tmp_path, publish):
    publish()
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot write"):
        ModelStore(tmp_path / "file" / "home", QUICK).pull("net")


def test_a_full_disk_is_one_line_and_leaves_no_model(store, site, tmp_path, monkeypatch):
    inner = write_checkpoint(tmp_path / "GaitBase_DA-180000.pt", gaitbase_shapes(20000))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(inner, "GaitBase_DA-180000.pt")
    site.pages["/a.zip"] = Page((tmp_path / "a.zip").read_bytes())
    monkeypatch.setitem(
        MODELS, "gaitbase-grew", replace(MODELS["gaitbase-grew"], source=UrlSource(site.url("/a.zip")))
    )

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(shutil, "copyfileobj", full)
        with pytest.raises(StoreError, match="No space left"):
            store.pull("gaitbase-grew")
    with pytest.raises(ModelNotFoundError):
        store.path("gaitbase-grew")
    store.pull("gaitbase-grew")


def test_home(monkeypatch, tmp_path):
    monkeypatch.setenv("GAITWAY_HOME", str(tmp_path))
    assert default_home() == tmp_path
    assert ModelStore().home == tmp_path
    monkeypatch.delenv("GAITWAY_HOME")
    assert "gaitway" in str(default_home())


PULL = """
import sys
from pathlib import Path
from gaitway import packs
from gaitway.adapters.modelstore.download import DownloadConfig
from gaitway.adapters.modelstore.store import ModelStore
home, url, sha = sys.argv[1:4]
file = packs.ModelFile("net.bin", sha)
source = packs.UrlSource(url)
packs.MODELS["net"] = packs.Model("net", ("detector",), "x", (file,), source, "x", "x", "x", 1.0)
ModelStore(home, DownloadConfig(pause_s=float(sys.argv[4]))).pull("net")
"""


def pull_elsewhere(store: ModelStore, url: str, pause_s: float = 0.0) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", PULL, str(store.home), url, sha(A), str(pause_s)]
    return subprocess.Popen(command)


def test_two_processes_fetch_once(store, site):
    site.pages["/net.bin"] = Page(A)
    processes = [pull_elsewhere(store, site.url("/net.bin")) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert len(site.requests) == 1


def test_killed_in_the_middle_then_pulled_again(store, publish, site):
    publish(page=Page(A, {"ETag": '"1"'}, break_after=400, breaks=1))
    process = pull_elsewhere(store, site.url("/net.bin"), pause_s=600.0)
    part = store.home / "partial" / "net" / "net.bin.part"
    while not (part.exists() and part.stat().st_size == 400):  # then it waits before its second attempt
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    with pytest.raises(ModelNotFoundError):
        store.path("net")
    store.pull("net")
    assert store.path("net").read_bytes() == A
    assert site.ranges_asked() == [None, "bytes=400-"]
    assert not (store.home / "partial" / "net").exists()


@pytest.mark.slow
def test_killed_at_any_moment_then_pulled_again(store, publish, site):
    publish()
    for moment in range(8):
        process = pull_elsewhere(store, site.url("/net.bin"))
        time.sleep(0.1 * moment)
        process.kill()
        process.wait()
        store.pull("net")
        assert store.path("net").read_bytes() == A
        assert store.verify() == {"net": []}
        store.remove("net")


@pytest.mark.parametrize("step", ["new", "old", "wheel", "scratch"])
def test_leavings_of_a_killed_run_do_not_matter(store, publish, step):
    publish()
    folder = store.home / "partial" / "net" / step
    folder.mkdir(parents=True)
    (folder / "net.bin").write_bytes(b"half")
    store.pull("net")
    assert store.path("net").read_bytes() == A


@pytest.mark.models
def test_the_real_networks_are_whole(builtin_models: Path):
    assert ModelStore().verify(["blazepose"]) == {"blazepose": []}
