import hashlib
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gaitway.adapters.modelstore.download import DownloadConfig, download
from gaitway.errors import DownloadError, StoreError
from support.web import Page

QUICK = DownloadConfig(timeout_s=5.0, attempts=3, pause_s=0.0)
CONTENT = np.random.default_rng(0).bytes(1_500_000)
SHA = hashlib.sha256(CONTENT).hexdigest()
ETAG = {"ETag": '"one"'}


@pytest.fixture
def target(tmp_path):
    return tmp_path / "weights.onnx"


def leftovers(target: Path) -> list[str]:
    return sorted(p.name for p in target.parent.iterdir() if p != target)


def get(site, target, page: Page, **options) -> None:
    site.pages["/file"] = page
    download(site.url("/file"), target, **{"config": QUICK, **options})


def test_fetches_a_file_and_leaves_nothing_beside_it(site, target):
    get(site, target, Page(CONTENT), sha256=SHA)
    assert target.read_bytes() == CONTENT
    assert leftovers(target) == []


def test_without_a_length(site, target):
    get(site, target, Page(CONTENT, says_length=False), sha256=SHA)
    assert target.read_bytes() == CONTENT


def test_empty_file(site, target):
    get(site, target, Page(b""))
    assert target.read_bytes() == b""


def test_goes_on_where_the_connection_broke(site, target):
    get(site, target, Page(CONTENT, dict(ETAG), break_after=400_000, breaks=2), sha256=SHA)
    assert target.read_bytes() == CONTENT
    assert site.ranges_asked() == [None, "bytes=400000-", "bytes=800000-"]
    assert site.requests[1].headers["if-range"] == '"one"'


def test_more_breaks_than_attempts_succeed_as_long_as_each_brings_bytes(site, target):
    get(site, target, Page(CONTENT, dict(ETAG), break_after=150_000, breaks=9), sha256=SHA)
    assert target.read_bytes() == CONTENT


def test_goes_on_in_a_later_call(site, target):
    with pytest.raises(DownloadError, match="ended after 600000 of 1500000 bytes"):
        get(site, target, _breaking_then_nothing(600_000))
    assert not target.exists()
    assert (target.parent / "weights.onnx.part").stat().st_size == 600_000
    site.requests.clear()
    get(site, target, Page(CONTENT, dict(ETAG)), sha256=SHA)
    assert target.read_bytes() == CONTENT
    assert site.ranges_asked() == ["bytes=600000-"]


def _breaking_then_nothing(first: int):
    """The first connection brings ``first`` bytes, all others none."""
    lengths = iter([first])
    return lambda _: Page(CONTENT, dict(ETAG), break_after=next(lengths, 0), breaks=1)


def test_a_file_changed_meanwhile_is_fetched_anew(site, target):
    with pytest.raises(DownloadError):
        get(site, target, _breaking_then_nothing(600_000))
    other = CONTENT[::-1]
    get(site, target, Page(other, {"ETag": '"two"'}), sha256=hashlib.sha256(other).hexdigest())
    assert target.read_bytes() == other


def test_a_server_without_parts_sends_all_again(site, target):
    with pytest.raises(DownloadError):
        get(site, target, _breaking_then_nothing(600_000))
    get(site, target, Page(CONTENT, dict(ETAG), ranges=False), sha256=SHA)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("note", ["", "{}", "[]", "nonsense", '{"total": 7}'])
def test_a_part_of_unknown_origin_is_never_joined(site, target, note):
    (target.parent / "weights.onnx.part").write_bytes(b"x" * 1000)
    (target.parent / "weights.onnx.part.json").write_text(note)
    get(site, target, Page(CONTENT, dict(ETAG)))
    assert target.read_bytes() == CONTENT


def test_a_bad_first_half_is_found_by_the_hash_and_fetched_anew(site, target):
    with pytest.raises(DownloadError):
        get(site, target, _breaking_then_nothing(600_000))
    part = target.parent / "weights.onnx.part"
    part.write_bytes(b"x" * part.stat().st_size)
    get(site, target, Page(CONTENT, dict(ETAG)), sha256=SHA)
    assert target.read_bytes() == CONTENT


def test_a_whole_part_is_only_checked(site, target):
    with pytest.raises(DownloadError):
        get(site, target, _breaking_then_nothing(600_000))
    (target.parent / "weights.onnx.part").write_bytes(CONTENT)  # broke off after the last byte
    get(site, target, Page(CONTENT, dict(ETAG)), sha256=SHA)
    assert target.read_bytes() == CONTENT


def test_wrong_hash_is_refused_and_forgotten(site, target):
    with pytest.raises(DownloadError, match="wanted " + "0" * 64):
        get(site, target, Page(CONTENT), sha256="0" * 64)
    assert not target.exists()
    assert leftovers(target) == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_final_refusal_is_not_asked_again(site, target, status):
    with pytest.raises(DownloadError, match=f"answered {status} .*gaitway models add FILE"):
        get(site, target, Page(CONTENT, statuses=[status] * 9))
    assert len(site.requests) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_refusal_is_asked_again(site, target, status):
    get(site, target, Page(CONTENT, statuses=[status, status]), sha256=SHA)
    assert target.read_bytes() == CONTENT


def test_attempts_end(site, target):
    with pytest.raises(DownloadError, match="503"):
        get(site, target, Page(CONTENT, statuses=[503] * 9))
    assert len(site.requests) == QUICK.attempts


def test_nobody_listens(target):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/file"
        with pytest.raises(DownloadError, match=f"could not fetch {url} .*gaitway models add FILE"):
            download(url, target, config=QUICK)


def test_a_silent_server_times_out(target):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/file"
        with pytest.raises(DownloadError, match="timed out"):
            download(url, target, config=DownloadConfig(timeout_s=0.2, attempts=2, pause_s=0.0))


@pytest.mark.parametrize("says_length", [True, False])
def test_too_long_is_refused(site, target, says_length):
    with pytest.raises(DownloadError, match="1000000 "):
        get(
            site,
            target,
            Page(CONTENT, says_length=says_length),
            config=DownloadConfig(attempts=1, pause_s=0.0, max_bytes=1_000_000),
        )
    assert not target.exists()


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://127.0.0.1/x", "weights.onnx", "", "data:,x"])
def test_only_web_addresses(target, url):
    with pytest.raises(DownloadError, match="no web address"):
        download(url, target, config=QUICK)


def test_follows_redirects(site, target):
    site.pages["/here"] = Page(headers={"status": "302", "Location": site.url("/file")})
    site.pages["/file"] = Page(CONTENT)
    download(site.url("/here"), target, sha256=SHA, config=QUICK)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("elsewhere", ["file:///etc/hostname", "ftp://127.0.0.1/x"])
def test_redirects_do_not_leave_the_web(site, target, elsewhere):
    site.pages["/here"] = Page(headers={"status": "302", "Location": elsewhere})
    with pytest.raises(DownloadError):
        download(site.url("/here"), target, config=QUICK)
    assert not target.exists()


def test_progress_rises_to_the_total(site, target):
    steps: list[tuple[str, int, int | None]] = []
    get(
        site,
        target,
        Page(CONTENT, dict(ETAG), break_after=400_000, breaks=1),
        progress=lambda *s: steps.append(s),
    )
    done = [step[1] for step in steps]
    assert done == sorted(done)
    assert {step[0] for step in steps} == {"weights.onnx"}
    assert steps[-1][1:] == (len(CONTENT), len(CONTENT))


def test_unwritable_folder_is_a_store_error(site, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot write"):
        get(site, tmp_path / "file" / "weights.onnx", Page(CONTENT))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    size=st.integers(0, 700_000),
    break_after=st.integers(1, 300_000),
    breaks=st.integers(0, 4),
    with_tag=st.booleans(),
)
def test_any_breaks_give_the_same_bytes(site, tmp_path, size, break_after, breaks, *, with_tag):
    content = CONTENT[:size]
    target = tmp_path / "any.bin"
    page = Page(content, dict(ETAG) if with_tag else {}, break_after=break_after, breaks=breaks)
    get(site, target, page, sha256=hashlib.sha256(content).hexdigest())
    assert target.read_bytes() == content


def test_killed_in_the_middle_leaves_a_part_that_is_continued(site, target):
    served = []

    def slow(request) -> Page:
        served.append(request)
        return (
            Page(CONTENT, dict(ETAG), break_after=700_000, breaks=1)
            if len(served) == 1
            else Page(CONTENT, dict(ETAG))
        )

    site.pages["/file"] = slow
    code = (
        "import sys; from pathlib import Path; from gaitway.adapters.modelstore.download import *;"
        "download(sys.argv[1], Path(sys.argv[2]), config=DownloadConfig(pause_s=600))"
    )
    process = subprocess.Popen([sys.executable, "-c", code, site.url("/file"), str(target)])
    part = target.parent / "weights.onnx.part"
    while not (part.exists() and part.stat().st_size == 700_000):  # then it pauses before it goes on
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert not target.exists()
    download(site.url("/file"), target, sha256=SHA, config=QUICK)
    assert target.read_bytes() == CONTENT
    assert site.ranges_asked() == [None, "bytes=700000-"]
