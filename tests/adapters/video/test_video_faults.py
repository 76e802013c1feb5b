"""Broken and hostile files: our error in one line, or a smaller result that says so; never silence."""

from __future__ import annotations

import os
import socket
import sys
import threading
from pathlib import Path

import pytest

from gaitway.adapters.video import open_video
from gaitway.adapters.video.layout import is_cut_off
from gaitway.errors import GaitwayError, VideoDecodeError, VideoError, VideoNotFoundError
from support.clips import cut_off, damage, rough_pictures, write_clip, write_sound

FASTSTART = {"movflags": "+faststart"}
FRAGMENTS = {"movflags": "+frag_keyframe+empty_moov"}
SHORT_GOPS = {"g": "10", "bf": "0"}


def _read(path: Path) -> tuple[int, list[str], int | None]:
    with open_video(path) as video:
        return sum(1 for _ in video), video.warnings, video.frame_count


def _error_of(path: Path) -> GaitwayError:
    with pytest.raises(GaitwayError) as caught:
        open_video(path)
    text = str(caught.value)
    assert "\n" not in text
    assert path.name in text
    return caught.value


def test_missing_file(tmp_path):
    error = _error_of(tmp_path / "none.mp4")
    assert isinstance(error, VideoNotFoundError)
    assert isinstance(error, FileNotFoundError)


def test_text_renamed_mp4(tmp_path):
    path = tmp_path / "notes.mp4"
    path.write_text("these are my notes\n" * 50)
    error = _error_of(path)
    assert isinstance(error, VideoDecodeError)
    assert "is not a video" in str(error)


def test_no_bytes(tmp_path):
    path = tmp_path / "nothing.mp4"
    path.touch()
    assert "empty (0 bytes)" in str(_error_of(path))


def test_audio_only(tmp_path):
    error = _error_of(write_sound(tmp_path / "song.m4a"))
    assert isinstance(error, VideoDecodeError)
    assert "only audio" in str(error)


def test_index_cut_off(tmp_path):
    assert "cut off" in str(_error_of(cut_off(write_clip(tmp_path / "half.mp4"), at=0.5)))


@pytest.mark.parametrize("keep", [1, 8, 40, 100])
@pytest.mark.parametrize("name", ["stub.mp4", "stub.mkv", "stub.avi", "stub.ts"])
def test_a_stub_of_a_few_bytes(tmp_path, name, keep):
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    path = write_clip(tmp_path / name, codec=codec)
    path.write_bytes(path.read_bytes()[:keep])
    assert isinstance(_error_of(path), VideoDecodeError)


def test_no_picture_decodes(tmp_path):
    path = write_clip(tmp_path / "noise.mp4", muxer=FASTSTART, frames=3)
    raw = path.read_bytes()
    at = raw.index(b"mdat") + 4
    path.write_bytes(raw[:at] + b"\xff" * (len(raw) - at))
    error = _error_of(path)
    assert isinstance(error, VideoDecodeError)
    assert "no picture" in str(error)


@pytest.mark.skipif(os.name != "posix", reason="rights and pipes of POSIX")
def test_not_a_regular_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    assert "regular file" in str(_error_of(tmp_path / "pipe.mp4"))


def test_a_path_through_a_file(tmp_path):
    path = write_clip(tmp_path / "a.mp4", frames=1) / "b.mp4"
    assert isinstance(_error_of(path), VideoNotFoundError)


def test_a_name_with_a_nul_byte():
    with pytest.raises(VideoError):
        open_video("a\0b.mp4")


@pytest.mark.parametrize("at", [0.2, 0.5, 0.8, 0.97])
@pytest.mark.parametrize(
    ("name", "codec", "muxer"),
    [
        ("clip.mp4", "libx264", FASTSTART),
        ("clip.mov", "libx264", FASTSTART),
        ("frag.mp4", "libx264", FRAGMENTS),
        ("each.mp4", "libx264", {"movflags": "+frag_every_frame+empty_moov+default_base_moof"}),
        ("clip.mkv", "libx264", {}),
        ("clip.webm", "libvpx", {}),
        ("clip.avi", "mpeg4", {}),
        ("clip.flv", "libx264", {}),
    ],
)
def test_a_file_cut_off_gives_its_frames_and_a_warning(tmp_path, name, codec, muxer, at):
    path = write_clip(
        tmp_path / name, frames=rough_pictures(60), codec=codec, muxer=muxer, options={"g": "10", "b": "2M"}
    )
    assert _read(path)[:2] == (60, [])
    frames, warnings, promised = _read(cut_off(path, at=at))
    if frames == 60 == promised:  # only the index behind the pictures is gone
        assert at > 0.9
        return
    assert 0 < frames < 60
    assert warnings
    assert all("\n" not in w for w in warnings)
    if promised:
        assert promised == 60
        assert any(f"{frames} pictures read, 60 promised" in w for w in warnings)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    ("name", "codec"), [("c.mp4", "libx264"), ("c.mkv", "libx264"), ("c.avi", "mpeg4"), ("c.ts", "libx264")]
)
def test_noise_in_the_middle_is_told_and_the_rest_is_read(tmp_path, name, codec, seed):
    """The noise spans two packets at least: within one, noise can be valid H.264, which nobody can notice."""
    options = {**SHORT_GOPS, "b": "2M"}
    path = write_clip(tmp_path / name, frames=rough_pictures(60), codec=codec, options=options)
    frames, warnings, _ = _read(damage(path, at=0.3 + 0.08 * seed, count=6000, seed=seed))
    assert frames >= 20
    assert warnings


def test_trimmed_video_is_no_early_end(tmp_path):
    """An edit list that hides the end (as phones write) promises fewer pictures than the file holds."""
    path = write_clip(tmp_path / "trimmed.mp4", frames=60, options=SHORT_GOPS)
    raw = path.read_bytes()
    at = raw.index(b"elst") + 12  # version, flags, count; then the segment's duration in ms
    assert int.from_bytes(raw[at : at + 4], "big") == 2000
    path.write_bytes(raw[:at] + (1000).to_bytes(4, "big") + raw[at + 4 :])
    frames, warnings, promised = _read(path)
    assert frames == promised
    assert 28 <= frames <= 32
    assert warnings == []


def test_is_cut_off_by_layout(tmp_path):
    for name, codec in (("a.mp4", "libx264"), ("a.mkv", "libx264"), ("a.avi", "mpeg4")):
        path = write_clip(tmp_path / name, codec=codec)
        assert not is_cut_off(path)
        path.write_bytes(path.read_bytes()[:-1])
        assert is_cut_off(path)
        path.write_bytes(path.read_bytes()[:3])
        assert not is_cut_off(path)  # nothing known of it any more


class _Listener:
    """A local port that counts who calls."""

    def __enter__(self) -> _Listener:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(0.05)
        self.port = self._socket.getsockname()[1]
        self.calls = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def _serve(self) -> None:
        while not self._stop.is_set():
            try:
                caller, _ = self._socket.accept()
            except TimeoutError:
                continue
            self.calls += 1
            caller.close()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._socket.close()


PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n",
    "hls master": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{target}\n",
    "ffconcat": "ffconcat version 1.0\nfile '{target}'\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 33\n",
    "dash": "<?xml version='1.0'?><MPD type='static'><Period><AdaptationSet mimeType='video/mp4'>"
    "<Representation id='1'><BaseURL>{target}</BaseURL></Representation></AdaptationSet></Period></MPD>",
    "asx": "<asx version='3.0'><entry><ref href='{target}'/></entry></asx>",
    "ref": "[Reference]\nRef1={target}\n",
    "rtsptext": "RTSPtext\n{target}\n",
    "m3u": "{target}\n",
}


@pytest.mark.parametrize("kind", list(PLAYLISTS))
@pytest.mark.parametrize("suffix", [".mp4", ".m3u8", ".ffconcat", ".sdp", ".mpd", ".ts"])
def test_a_playlist_reads_no_other_file_and_no_network(tmp_path, kind, suffix):
    secret = write_clip(tmp_path / "secret.ts", frames=3)
    with _Listener() as network:
        for target in (secret.name, f"file:{secret}", f"http://127.0.0.1:{network.port}/x.ts"):
            path = tmp_path / f"list{suffix}"
            path.write_text(PLAYLISTS[kind].format(target=target))
            assert isinstance(_error_of(path), VideoDecodeError)
    assert network.calls == 0


@pytest.mark.parametrize(
    "source", ["concat:a.ts|b.ts", "subfile,,start,0,end,9,,:a.ts", "pipe:0", "data:video/mp4,x"]
)
def test_protocol_spellings_are_file_names(source):
    with pytest.raises(VideoNotFoundError):
        open_video(source)


@pytest.mark.parametrize(
    "source", ["file:///etc/hostname", "ftp://u:secret@host/x", "concat://a", "smb://host/x"]
)
def test_other_schemes_are_refused(source):
    with pytest.raises(VideoNotFoundError, match="scheme") as caught:
        open_video(source)
    assert "secret" not in str(caught.value)


def test_errors_do_not_chain_foreign_types_to_the_caller(tmp_path):
    """Whatever noise a file holds, only our errors come out."""
    good = write_clip(tmp_path / "good.mp4", frames=8, muxer=FASTSTART).read_bytes()
    for seed in range(25):
        path = tmp_path / f"fuzz{seed}.mp4"
        path.write_bytes(good)
        damage(path, at=0.04 * seed, count=40, seed=seed)
        try:
            _read(path)
        except GaitwayError as error:
            assert "\n" not in str(error)  # noqa: PT017 - it need not fail


@pytest.mark.skipif(sys.platform != "linux", reason="counts open files in /proc")
def test_nothing_stays_open(tmp_path):
    good, bad = write_clip(tmp_path / "good.mp4"), write_sound(tmp_path / "bad.m4a")

    def opened() -> int:
        return sum(
            str(p.readlink()).startswith(str(tmp_path))
            for p in Path("/proc/self/fd").iterdir()
            if p.is_symlink()
        )

    with open_video(good) as video:
        next(iter(video))
        assert opened() == 1
    assert opened() == 0
    with pytest.raises(VideoDecodeError):
        open_video(bad)
    assert opened() == 0
