"""Killed processes lose and break nothing that was acknowledged; many processes share one gallery.

GAITWAY_KILLS and GAITWAY_SHARE_S ask for the long runs (200 kills, 60 seconds).
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gaitway.adapters.gallery import Gallery
from gaitway.adapters.gallery.erasure import pieces
from gaitway.adapters.gallery.walks import pack
from support.galleries import walk

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("GAITWAY_KILLS", "20"))
SHARE_S = float(os.environ.get("GAITWAY_SHARE_S", "2"))
WORKER = Path(__file__).parents[2] / "support" / "gallery_worker.py"


def start(url, *arguments, stdout=subprocess.PIPE):
    command = [sys.executable, str(WORKER), url, *map(str, arguments)]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE, text=True, env=env)


def run_until_killed(url, seed, heard):
    """Let a worker work for a random while, kill it, and return what it said."""
    with heard.open("w") as said:
        worker = start(url, "change", seed, stdout=said)
    until = time.monotonic() + 60
    while not heard.read_text().startswith("open\n"):
        assert worker.poll() is None, worker.stderr.read()
        assert time.monotonic() < until
        time.sleep(0.01)
    time.sleep(random.Random(seed).uniform(0.0, 0.5))
    worker.send_signal(signal.SIGKILL)
    _, errors = worker.communicate()
    assert worker.returncode == -signal.SIGKILL, errors
    text = heard.read_text()
    return [line.split() for line in text[: text.rindex("\n")].splitlines()[1:]]


def apply(known, what, one, two=None):
    after = dict(known)
    if what == "enroll":
        after[one] = 3
    else:
        gone = after.pop(one, 0)
        if what == "merge" and two in after:
            after[two] += gone
    return after


def test_killed_at_any_moment_nothing_acknowledged_is_lost_and_nothing_half_done(url, tmp_path):
    known = {}
    with Gallery(url):
        pass
    for seed in range(KILLS if url.endswith(".db") else max(KILLS // 10, 2)):
        begun = None
        for word, *what in run_until_killed(url, seed, tmp_path / "said"):
            if word == "begin":
                begun = apply(known, *what)
            else:
                known, begun = apply(known, *what), None
        with Gallery(url) as gallery:
            found = {s.name: s.templates for s in gallery.list()}
            assert found in (known, begun), f"after kill {seed}"
            assert gallery.verify() == ()
        known = found


def test_writers_and_readers_share_a_gallery(url):
    with Gallery(url):
        pass
    writers = [start(url, "write", seed, SHARE_S) for seed in range(4)]
    readers = [start(url, "read", 100 + seed, SHARE_S) for seed in range(4)]
    counts = []
    for worker in (*writers, *readers):
        said, errors = worker.communicate(timeout=SHARE_S + 120)
        assert worker.returncode == 0, errors
        counts.append(int(said))
    with Gallery(url) as gallery:
        assert len(gallery.list()) == sum(counts[:4])
        assert len(gallery.sightings()) == sum(counts[:4])
        searches = [line for line in gallery.audit() if line.action == "search"]
        assert len(searches) == sum(counts[4:])
        assert gallery.verify() == ()
    assert min(counts) >= 1


def test_many_processes_make_one_gallery_at_once(url):
    workers = [start(url, "write", seed, 0.2) for seed in range(4)]
    counts = []
    for worker in workers:
        said, errors = worker.communicate(timeout=120)
        assert worker.returncode == 0, errors
        counts.append(int(said))
    with Gallery(url) as gallery:
        assert len(gallery.list()) == sum(counts)
        assert [line.action for line in gallery.audit()].count("create") == 1
        assert gallery.verify() == ()


LIMITED = """
import resource, sys
from gaitway.adapters.gallery import Gallery
from gaitway.errors import StoreError
from support.galleries import walk
with Gallery(sys.argv[1]) as gallery:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
    for i in range(3000):
        try:
            gallery.enroll(f"n{i}", [walk(i) for _ in range(20)])
        except StoreError as error:
            print(i, error)
            break
        print(i, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on file sizes")
def test_a_disk_that_fills_up_while_writing_keeps_what_was_acknowledged(tmp_path):
    path = tmp_path / "people.db"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", LIMITED, str(path), str(2 << 20)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=120)
    *before, last = done.stdout.splitlines()
    assert "disk" in last, done.stdout[-300:]
    with Gallery(path) as gallery:
        assert [s.name for s in gallery.list()] == sorted(f"n{i}" for i in range(len(before)))
        assert gallery.verify() == ()


FORGETTING = """
import resource, sys
from gaitway.adapters.gallery import Gallery
from gaitway.errors import StoreError
with Gallery(sys.argv[1]) as gallery:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), -1))
    try:
        gallery.forget("n7")
    except StoreError as error:
        print(error)
try:
    Gallery(sys.argv[1])
except StoreError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
with Gallery(sys.argv[1]) as gallery:
    print(*gallery.verify(), "fine")
"""


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on file sizes")
def test_a_disk_that_is_full_while_forgetting_is_told_and_forgotten_later(tmp_path):
    path, hers = tmp_path / "people.db", walk(7, 16, 64)
    with Gallery(path) as gallery:
        gallery.enroll_many({f"n{i}": [walk(1000 + i, 16, 64)] for i in range(300) if i != 7} | {"n7": hers})
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", FORGETTING, str(path), str(300_000)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=120)
    first, second, last = done.stdout.splitlines()
    for line in (first, second):
        assert "erased from the tables" in line
        assert "nothing was changed" not in line
    assert last == "fine"
    content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert not any(piece in content for piece in pieces(pack(hers.parts)))
    with Gallery(path) as gallery:
        assert len(gallery.list()) == 299
