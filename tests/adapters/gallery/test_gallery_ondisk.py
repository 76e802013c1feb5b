"""Searching from files beside the gallery: the same answers, always fresh, and gone with whom they show."""

import logging
import signal
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from gaitway.adapters.gallery import Gallery, indexes, ondisk, shelf
from gaitway.adapters.gallery.bfloat import _rounded
from gaitway.errors import ConfigError, MissingExtraError, StoreError
from support.galleries import near, walk
from support.shelves import use_numpy

NOT_INSTALLED = 'Lance is not installed (387 MB): pip install "gaitway[lance]"'


@pytest.fixture(params=["lance", "numpy"])
def few(request, monkeypatch):
    """Files of 32 template ids, instead of 16 384; also in a format that needs nothing installed."""
    monkeypatch.setattr(shelf, "SPAN", 32)
    if request.param == "numpy":
        use_numpy(monkeypatch)
    elif not shelf.is_installed():
        pytest.skip(NOT_INSTALLED)


def crowd(gallery, first=0, people=50, each=3):
    gallery.enroll_many(
        {
            f"person {i}": [near(walk(i), 1000 * i + j, 0.4) for j in range(each)]
            for i in range(first, first + people)
        }
    )


def answers(gallery, probes, k=10):
    return [
        [(c.subject_id, c.template_id, c.distance) for c in result.candidates]
        for result in gallery.search(probes, k)
    ]


def index_of(tmp_path):
    return tmp_path / "people.db-index"


def spans(tmp_path):
    return sorted(index_of(tmp_path).glob("*.lance"))


PROBES = [near(walk(i), 7 + i, 0.3) for i in range(0, 60, 4)]


@pytest.mark.parametrize("metric", ["euc", "cos"])
def test_the_same_answers_as_in_memory(tmp_path, few, metric):
    path = tmp_path / "people.db"
    with Gallery(path, metric=metric) as memory, Gallery(path, metric=metric, index="lance") as disk:
        crowd(memory)
        assert answers(disk, PROBES) == answers(memory, PROBES)
        assert len(spans(tmp_path)) == 150 // 32
        assert disk.search(PROBES[0])[0].searched == 150
        assert disk.search(PROBES[0])[0].subjects == 50


def test_the_same_answers_without_bfloat16(tmp_path, few, monkeypatch):
    monkeypatch.setattr(ondisk.bfloat, "usable_stage", lambda *_: None)
    with Gallery(tmp_path / "people.db") as memory, Gallery(tmp_path / "people.db", index="lance") as disk:
        crowd(memory)
        assert answers(disk, PROBES) == answers(memory, PROBES)


def test_every_change_is_seen_at_the_next_search(tmp_path, few):
    path = tmp_path / "people.db"
    with Gallery(path) as memory, Gallery(path, index="lance") as disk:
        for change in (
            lambda: crowd(memory, 0, 12),
            lambda: crowd(memory, 12, 1),
            lambda: memory.merge("person 3", "person 4"),
            lambda: memory.split("person 4", [memory.show("person 4")[1][0].id], "somebody"),
            lambda: crowd(memory, 20, 25),
            lambda: memory.forget("person 0"),
            lambda: memory.forget("person 44"),
            lambda: crowd(memory, 60, 1, each=20),
        ):
            change()
            assert answers(disk, PROBES) == answers(memory, PROBES)


def test_two_models_never_meet(tmp_path, few):
    path = tmp_path / "people.db"
    with Gallery(path) as memory, Gallery(path, index="lance") as disk:
        for i in range(40):
            memory.enroll(f"person {i}", [walk(i), walk(i, 5, 8, model="model-2")])
        both = [walk(3), walk(3, 5, 8, model="model-2")]
        assert answers(disk, both) == answers(memory, both)


def test_forget_leaves_no_byte_in_the_index(tmp_path, few):
    with Gallery(tmp_path / "people.db", index="lance") as gallery:
        crowd(gallery)
        hers = near(walk(5), 5002, 0.4)
        rounded = _rounded(hers.parts.astype(np.float16).astype(np.float32)[None])[0][0]
        needles = [row.tobytes() for row in rounded]
        gallery.search(PROBES[0])
        if "-euc-b" not in spans(tmp_path)[0].name:
            pytest.skip("this processor has no bfloat16")
        gallery.search(PROBES[0])
        before = [path for path in spans(tmp_path) if any(n in path.read_bytes() for n in needles)]
        assert len(before) == 1
        kept = len(spans(tmp_path))
        gallery.forget("person 5")
        assert not before[0].exists()
        assert len(spans(tmp_path)) == kept - 1
        gallery.search(PROBES[0])
        assert len(spans(tmp_path)) == kept
        for path in tmp_path.rglob("*"):
            assert not path.is_file() or not any(n in path.read_bytes() for n in needles)


def test_without_lance_forgetting_deletes_the_whole_index(tmp_path, few, monkeypatch):
    with Gallery(tmp_path / "people.db", index="lance") as gallery:
        crowd(gallery)
        gallery.search(PROBES[0])
    monkeypatch.setattr(shelf, "is_installed", lambda: False)
    with Gallery(tmp_path / "people.db") as gallery:
        gallery.forget("person 5")
    assert spans(tmp_path) == []


def test_another_gallery_of_the_name_does_not_get_its_files(tmp_path, few):
    with Gallery(tmp_path / "people.db", index="lance") as gallery:
        crowd(gallery)
        gallery.search(PROBES[0])
    for path in tmp_path.glob("people.db*"):
        if path.is_file():
            path.unlink()
    with Gallery(tmp_path / "people.db") as memory, Gallery(tmp_path / "people.db", index="lance") as disk:
        crowd(memory, 200)
        assert answers(disk, PROBES) == answers(memory, PROBES)


@pytest.mark.parametrize("harm", ["cut", "empty", "gone", "noise"])
def test_a_damaged_file_is_made_anew(tmp_path, few, harm):
    with Gallery(tmp_path / "people.db", index="lance") as gallery:
        crowd(gallery)
        wanted = answers(gallery, PROBES)
    victim = spans(tmp_path)[1]
    content = victim.read_bytes()
    if harm == "gone":
        victim.unlink()
    else:
        victim.write_bytes({"cut": content[: len(content) // 2], "empty": b"", "noise": b"\7" * 999}[harm])
    with Gallery(tmp_path / "people.db", index="lance") as gallery:
        assert answers(gallery, PROBES) == wanted


def test_a_file_deleted_during_a_search_is_made_anew(tmp_path, few, monkeypatch):
    with Gallery(tmp_path / "people.db", index="lance") as gallery:
        crowd(gallery)
        wanted = answers(gallery, PROBES)
        read, victim = shelf.Shelf.read, spans(tmp_path)[2]

        def reading(self, path):
            if path == victim:
                monkeypatch.setattr(shelf.Shelf, "read", read)
                path.unlink()
            return read(self, path)

        monkeypatch.setattr(shelf.Shelf, "read", reading)
        assert answers(gallery, PROBES) == wanted


def test_forgetting_while_a_file_is_written_erases_that_file(tmp_path, few, monkeypatch):
    path, write = tmp_path / "people.db", shelf.Shelf.write
    writing, go_on = threading.Event(), threading.Event()

    def slowly(self, *arguments):
        writing.set()
        assert go_on.wait(30)
        write(self, *arguments)

    with Gallery(path, index="lance") as disk, Gallery(path) as other, ThreadPoolExecutor(2) as pool:
        crowd(other)
        hers = {template.id for template in other.show("person 5")[1]}
        monkeypatch.setattr(shelf.Shelf, "write", slowly)
        searching = pool.submit(disk.search, PROBES[0])
        assert writing.wait(30)
        forgetting = pool.submit(other.forget, "person 5")
        while len(other.list()) == 50:
            assert not forgetting.done()
        go_on.set()
        forgetting.result(60)
        searching.result(60)
        disk.search(PROBES[0])
        labels = [shelf.Shelf(path).label(file) for file in spans(tmp_path)]
        assert len(labels) == 150 // 32
        assert not hers & {int(i) for label in labels for i in label.template}


BUILDER = """
    import sys
    from gaitway.adapters.gallery import Gallery, shelf
    sys.path.insert(0, {tests!r})
    from support.galleries import walk
    shelf.SPAN = 32
    with Gallery({path!r}, index="lance") as gallery:
        print("open", flush=True)
        gallery.search(walk(1))
        print("searched", flush=True)
"""


@pytest.mark.slow
@pytest.mark.skipif(not shelf.is_installed(), reason=NOT_INSTALLED)
def test_killed_while_building(tmp_path, monkeypatch):
    monkeypatch.setattr(shelf, "SPAN", 32)
    path = tmp_path / "people.db"
    with Gallery(path) as memory:
        crowd(memory, people=150)
        wanted = answers(memory, PROBES)
    tests = str(Path(__file__).parents[2])
    code = textwrap.dedent(BUILDER).format(tests=tests, path=str(path))
    half_done = 0
    for wait in (1, 2, 4, 7, 11):
        worker = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert worker.stdout.readline() == "open\n"
        while len(spans(tmp_path)) < wait and worker.poll() is None:
            pass
        worker.send_signal(signal.SIGKILL)
        worker.communicate()
        half_done += 0 < len(spans(tmp_path)) < 450 // 32
    assert half_done
    (index_of(tmp_path) / "left.partial").write_bytes(b"half of a file")
    with Gallery(path, index="lance") as disk:
        assert answers(disk, PROBES) == wanted
    assert len(spans(tmp_path)) == 450 // 32
    assert not list(index_of(tmp_path).glob("*.partial"))


def test_an_interrupted_forgetting_erases_the_index_when_the_gallery_is_opened(tmp_path, few, monkeypatch):
    path = tmp_path / "people.db"
    with Gallery(path, index="lance") as gallery:
        crowd(gallery)
        gallery.search(PROBES[0])
        kept = len(spans(tmp_path))

        def fail(_):
            raise StoreError("killed here")

        with monkeypatch.context() as patch:
            patch.setattr(ondisk, "sweep", fail)
            with pytest.raises(StoreError, match="killed here"):
                gallery.forget("person 5")
    assert len(spans(tmp_path)) == kept
    with Gallery(path):
        assert len(spans(tmp_path)) == kept - 1


def test_from_so_many_templates_on_by_itself(tmp_path, few, monkeypatch):
    monkeypatch.setattr(indexes, "LANCE_FROM", 100)
    with Gallery(tmp_path / "people.db") as gallery:
        crowd(gallery, people=20)
        before = answers(gallery, PROBES[:2])
        assert not index_of(tmp_path).exists()
        crowd(gallery, 100, people=20)
        assert answers(gallery, PROBES[:2]) is not None
        assert answers(gallery, PROBES[:1])[0][0] == before[0][0]
    with Gallery(tmp_path / "people.db") as gallery:
        gallery.search(PROBES[0])
        assert spans(tmp_path)


def test_too_many_without_lance_says_what_it_takes(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(indexes, "LANCE_FROM", 100)
    monkeypatch.setattr(shelf, "is_installed", lambda: False)
    with Gallery(tmp_path / "people.db") as gallery, caplog.at_level(logging.WARNING):
        crowd(gallery)
        assert gallery.search(PROBES[0])[0].candidates[0].name == "person 0"
        gallery.search(PROBES[1])
    (line,) = caplog.messages
    assert "150 templates" in line
    assert "GB" in line
    assert "gaitway[lance]" in line
    assert not index_of(tmp_path).exists()


def test_asked_for_without_lance(tmp_path, monkeypatch):
    monkeypatch.setattr(shelf, "is_installed", lambda: False)
    with pytest.raises(MissingExtraError, match=r"gaitway\[lance\]"):
        Gallery(tmp_path / "people.db", index="lance")


def test_an_encrypted_gallery_has_no_files(tmp_path):
    pytest.importorskip("cryptography")
    from gaitway.adapters.gallery.sealing import write_key

    write_key(tmp_path / "key")
    with pytest.raises(ConfigError, match=r"in the clear.*use index 'memory'"):
        Gallery(tmp_path / "people.db", key=tmp_path / "key", index="lance")


def test_a_server_has_no_files():
    with pytest.raises(ConfigError, match="on a server"):
        Gallery("postgresql://host/people", index="lance")


def test_another_index(tmp_path):
    with pytest.raises(ConfigError, match="auto, memory, lance"):
        Gallery(tmp_path / "people.db", index="faiss")
