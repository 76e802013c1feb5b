"""Cameras and urls, played by a small server on this machine."""

from __future__ import annotations

import contextlib
import http.server
import itertools
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from gaitway.adapters.video import ReaderConfig, open_video
from gaitway.errors import GaitwayError, VideoDecodeError, VideoNotFoundError
from support.clips import RED, corners, cut_off, marked_picture, write_clip

FAST = ReaderConfig(open_timeout_s=20.0, read_timeout_s=10.0)


@contextlib.contextmanager
def _serving(handler: type[socketserver.BaseRequestHandler]) -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def _web(folder: Path) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, directory=str(folder), **kwargs)

        def do_GET(self):
            if self.path.startswith("/moved"):
                self.send_response(302)
                self.send_header("Location", f"file://{folder}/clip.ts")
                self.end_headers()
                return
            super().do_GET()

        def log_message(self, *args):
            pass

    return Handler


def test_http_file(tmp_path):
    write_clip(tmp_path / "clip.ts", frames=10)
    with (
        _serving(_web(tmp_path)) as port,
        open_video(f"http://127.0.0.1:{port}/clip.ts", config=FAST) as video,
    ):
        frames = list(video)
        assert video.name == "127.0.0.1_clip.ts"
        assert video.frame_count is None
    assert [f.index for f in frames] == list(range(10))
    assert frames[0].time_s == 0
    assert video.warnings == []


def test_http_not_found_hides_the_password(tmp_path):
    with _serving(_web(tmp_path)) as port, pytest.raises(VideoNotFoundError) as caught:
        open_video(f"http://user:secret@127.0.0.1:{port}/none.mp4?token=hidden", config=FAST)
    text = str(caught.value)
    assert "\n" not in text
    assert "secret" not in text
    assert "hidden" not in text
    assert caught.value.__cause__ is None


def test_http_never_leads_to_a_local_file(tmp_path):
    write_clip(tmp_path / "clip.ts", frames=3)
    (tmp_path / "list.m3u8").write_text(f"#EXTM3U\n#EXTINF:1,\nfile://{tmp_path}/clip.ts\n#EXT-X-ENDLIST\n")
    with _serving(_web(tmp_path)) as port:
        for page in ("moved", "list.m3u8"):
            with pytest.raises(VideoDecodeError):
                open_video(f"http://127.0.0.1:{port}/{page}", config=FAST)


def test_http_camera_of_single_pictures():
    """Motion JPEG as network cameras send it: multipart, without times."""
    jpegs = [cv2.imencode(".jpg", marked_picture(i)[..., ::-1])[1].tobytes() for i in range(8)]

    class Camera(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=cut")
            self.end_headers()
            for jpeg in jpegs:
                head = f"--cut\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode() + jpeg + b"\r\n")

        def log_message(self, *args):
            pass

    with _serving(Camera) as port, open_video(f"http://127.0.0.1:{port}/video", config=FAST) as video:
        frames = list(video)
    assert len(frames) >= 7
    assert all(b.time_s > a.time_s for a, b in itertools.pairwise(frames))
    assert all(corners(f.image)[0] == RED for f in frames)


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_a_server_that_never_answers_is_given_up(scheme):
    class Silent(socketserver.BaseRequestHandler):
        def handle(self):
            time.sleep(3)

    start = time.monotonic()
    with _serving(Silent) as port, pytest.raises(VideoDecodeError, match="no answer in time") as caught:
        open_video(f"{scheme}://u:secret@127.0.0.1:{port}/x", config=ReaderConfig(open_timeout_s=0.5))
    assert time.monotonic() - start < 30
    assert "secret" not in str(caught.value)


def test_nobody_listening_is_not_found():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(VideoNotFoundError):
        open_video(f"rtsp://127.0.0.1:{port}/x", config=FAST)


SDP = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
    "m=video 0 RTP/AVP 33\r\na=control:track\r\n"
)


class RtspCamera(socketserver.StreamRequestHandler):
    """A minimal RTSP server (RFC 2326): MPEG-TS in RTP (RFC 2250), interleaved in the RTSP connection."""

    stream = b""
    stall = False

    def handle(self):
        with contextlib.suppress(ConnectionError):
            while (request := self._request()) is not None:
                method, sequence = request
                extra, body = self._answer(method)
                head = f"RTSP/1.0 200 OK\r\nCSeq: {sequence}\r\nSession: 1\r\n{extra}\r\n"
                self.wfile.write(head.encode() + body)
                if method == "PLAY":
                    self._play()
                    if not self.stall:
                        return

    def _request(self):
        lines = []
        while (line := self.rfile.readline().strip()) or not lines:
            if not line:
                return None
            lines.append(line.decode())
        sequence = next(x.split(":")[1].strip() for x in lines if x.lower().startswith("cseq"))
        return lines[0].split()[0], sequence

    def _answer(self, method):
        if method == "DESCRIBE":
            return f"Content-Type: application/sdp\r\nContent-Length: {len(SDP)}\r\n", SDP.encode()
        if method == "SETUP":
            return "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n", b""
        return "Public: DESCRIBE, SETUP, PLAY, TEARDOWN\r\n", b""

    def _play(self):
        for number, at in enumerate(range(0, len(self.stream), 188 * 7)):
            payload = self.stream[at : at + 188 * 7]
            packet = b"\x80\x21" + (number & 0xFFFF).to_bytes(2, "big") + bytes(8) + payload
            self.wfile.write(b"$\x00" + len(packet).to_bytes(2, "big") + packet)
        self.wfile.flush()
        if self.stall:
            time.sleep(4)


@pytest.mark.parametrize("stall", [False, True])
def test_rtsp_camera(tmp_path, stall):
    """The frames that came are kept; a stream that hangs ends with a warning, not for ever waiting."""
    clip = write_clip(tmp_path / "cam.ts", frames=60, rate=25, options={"g": "10", "bf": "0"})
    camera = type("Camera", (RtspCamera,), {"stream": clip.read_bytes(), "stall": stall})
    with _serving(camera) as port:
        source = f"rtsp://user:secret@127.0.0.1:{port}/door"
        with open_video(
            source, config=ReaderConfig(open_timeout_s=20.0, read_timeout_s=1.0 if stall else 10.0)
        ) as video:
            assert video.name == "127.0.0.1_door"
            assert video.size_wh == (96, 64)
            assert video.frame_count is None
            frames = list(video)
    assert len(frames) >= 50
    assert frames[0].time_s == 0
    assert not any("secret" in w for w in video.warnings)
    if stall:
        assert any("reading stopped" in w for w in video.warnings)


def test_http_cut_off_in_the_middle(tmp_path):
    write_clip(tmp_path / "clip.mkv", frames=60, options={"g": "10", "crf": "4"})
    cut_off(tmp_path / "clip.mkv", at=0.5)
    with (
        _serving(_web(tmp_path)) as port,
        open_video(f"http://127.0.0.1:{port}/clip.mkv", config=FAST) as video,
    ):
        assert 0 < len(list(video)) < 60


@pytest.mark.skipif(sys.platform != "linux", reason="devices have names in /dev only there")
@pytest.mark.parametrize("source", ["camera:93", "/dev/video93"])
def test_a_camera_that_is_not_there(source):
    with pytest.raises(VideoNotFoundError, match="no camera /dev/video93"):
        open_video(source)


@pytest.mark.parametrize("source", ["camera:x", "camera:-1", "camera:0/../../etc/passwd"])
def test_what_only_looks_like_a_camera_is_a_file_name(source):
    with pytest.raises(GaitwayError):
        open_video(source)
