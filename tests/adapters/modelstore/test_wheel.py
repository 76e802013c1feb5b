import importlib.util
import socket

import pytest

from gaitway.adapters.modelstore.wheel import fetch_wheel
from gaitway.errors import DownloadError
from gaitway.packs import WheelSource
from support.wheels import write_wheel

TAGS = (("manylinux_2_28_x86_64", "3.12"), ("win_amd64", "3.12"))


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder that is pip's only source."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def into(tmp_path):
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


def test_any_platforms_wheel_does(index, into):
    write_wheel(index, {"tiny/a.bin": b"a"}, "cp312-cp312-win_amd64")
    wheel = fetch_wheel(WheelSource("tiny==1.0", TAGS), into)
    assert wheel.parent == into
    assert wheel.name == "tiny-1.0-cp312-cp312-win_amd64.whl"


def test_no_wheel_is_one_line(index, into):
    with pytest.raises(
        DownloadError, match=r"could not fetch tiny==1\.0 .*gaitway models add FILE"
    ) as caught:
        fetch_wheel(WheelSource("tiny==1.0", TAGS), into)
    assert "\n" not in str(caught.value)


def test_another_version_does_not_do(index, into):
    write_wheel(index, {"tiny/a.bin": b"a"})
    with pytest.raises(DownloadError):
        fetch_wheel(WheelSource("tiny==2.0", TAGS), into)


def test_without_a_network_it_does_not_try_every_platform(index, into, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{free.getsockname()[1]}/simple")
        monkeypatch.setenv("PIP_RETRIES", "1")
        with pytest.raises(
            DownloadError, match=r"no connection to the package index.*gaitway models add FILE"
        ):
            fetch_wheel(WheelSource("tiny==1.0", TAGS), into)


def test_without_pip(into, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(DownloadError, match=r"ensurepip.*gaitway models add FILE"):
        fetch_wheel(WheelSource("tiny==1.0", TAGS), into)
