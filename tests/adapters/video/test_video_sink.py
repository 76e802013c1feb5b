"""What VideoWriter writes, read back; and what it leaves behind when something goes wrong."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import textwrap
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitway.adapters.video import VideoWriter, WriterConfig, open_video
from gaitway.errors import InputError, VideoEncodeError
from gaitway.protocols import VideoSink
from support.clips import BLUE, GREEN, RED, WHITE, corners, marked_picture, rough_pictures, write_clip

WH = (96, 64)


def _write(path: Path, times_s: list[float], wh: tuple[int, int] = WH, rate=Fraction(30), **config) -> Path:
    with VideoWriter(path, wh, rate, config=WriterConfig(**config)) as writer:
        assert isinstance(writer, VideoSink)
        for i, time_s in enumerate(times_s):
            writer.write(marked_picture(i, wh), time_s)
    return path


def _boxes(path: Path) -> list[bytes]:
    raw, position, kinds = path.read_bytes(), 0, []
    while position < len(raw):
        kinds.append(raw[position + 4 : position + 8])
        position += int.from_bytes(raw[position : position + 4], "big")
    assert position == len(raw)
    return kinds


def _times(path: Path) -> list[Fraction]:
    with av.open(str(path)) as container:
        return [f.pts * f.time_base for f in container.decode(video=0)]


def test_a_browser_can_play_it(tmp_path):
    path = _write(tmp_path / "out.mp4", [i / 30 for i in range(20)])
    kinds = _boxes(path)
    assert kinds[0] == b"ftyp"
    assert kinds.index(b"moov") < kinds.index(b"mdat")
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
        assert (context.width, context.height) == WH
        assert (context.colorspace, context.color_range) == (6, 1)
        assert (context.color_primaries, context.color_trc) == (1, 1)
        assert stream.frames == 20
        assert stream.average_rate == 30
        assert context.profile in {"Constrained Baseline", "Baseline", "Main", "High"}


def test_pictures_come_back_in_their_colours_and_upright(tmp_path):
    path = _write(tmp_path / "out.mp4", [i / 30 for i in range(20)], crf=8)
    with open_video(path) as video:
        frames = list(video)
    assert video.warnings == []
    assert len(frames) == 20
    for frame in frames:
        assert corners(frame.image) == [RED, GREEN, BLUE, WHITE]
        error = frame.image.astype(int) - marked_picture(frame.index)
        assert np.abs(error).mean() < 5
        assert np.abs(error.mean(axis=(0, 1))).max() < 3


@pytest.mark.parametrize(
    "rate",
    [
        Fraction(30),
        Fraction(25),
        Fraction(30000, 1001),
        Fraction(24000, 1001),
        Fraction(240),
        Fraction(15, 2),
    ],
)
def test_times_of_an_even_rate_are_exact(tmp_path, rate):
    path = _write(tmp_path / "out.mp4", [float(i / rate) for i in range(30)], rate=rate)
    assert _times(path) == [i / rate for i in range(30)]
    with av.open(str(path)) as container:
        assert container.streams.video[0].average_rate == rate


@settings(deadline=None, max_examples=15)
@given(gaps=st.lists(st.floats(0.001, 3.0), min_size=1, max_size=25), start=st.floats(0, 1e6))
def test_uneven_times_keep_their_distances(tmp_path_factory, gaps, start):
    times = [start, *(start + np.cumsum(gaps)).tolist()]
    path = _write(tmp_path_factory.mktemp("vfr") / "out.mp4", times, rate=Fraction(1234567, 54321))
    want = np.array(times) - start
    np.testing.assert_allclose([float(t) for t in _times(path)], want, atol=2e-5)


@settings(deadline=None, max_examples=10)
@given(times=st.lists(st.floats(-5, 5), min_size=1, max_size=20))
def test_no_frame_is_lost_whatever_its_time(tmp_path_factory, times):
    path = _write(tmp_path_factory.mktemp("odd") / "out.mp4", times)
    written = _times(path)
    assert len(written) == len(times)
    assert all(b > a for a, b in itertools.pairwise(written))


@pytest.mark.parametrize("wh", [(95, 63), (96, 63), (95, 64), (17, 9)])
def test_odd_sizes_grow_by_one_repeated_line(tmp_path, wh):
    path = _write(tmp_path / "odd.mp4", [0.0, 0.04], wh=wh, crf=4)
    with open_video(path) as video:
        frame = next(iter(video))
    assert frame.size_wh == (wh[0] + wh[0] % 2, wh[1] + wh[1] % 2)
    inner = frame.image[: wh[1], : wh[0]].astype(int)
    assert np.abs(inner - marked_picture(0, wh)).mean() < 12
    assert np.abs(inner[-1].mean() - frame.image[-1].mean()) < 12


def test_source_to_sink_keeps_count_times_and_orientation(tmp_path):
    times = [0.0, 0.04, 0.1, 0.4, 0.41, 1.0]
    stored = [np.ascontiguousarray(np.rot90(marked_picture(i), -1)) for i in range(6)]
    source = write_clip(
        tmp_path / "in.mov", frames=stored, wh=(64, 96), rotation=90, times_s=times, audio=True
    )
    with (
        open_video(source) as video,
        VideoWriter(tmp_path / "out.mp4", video.size_wh, video.frame_rate) as writer,
    ):
        for frame in video:
            writer.write(frame.image, frame.time_s)
    with open_video(tmp_path / "out.mp4") as copy:
        frames = list(copy)
    np.testing.assert_allclose([f.time_s for f in frames], times, atol=1e-4)
    assert frames[0].size_wh == WH
    assert corners(frames[0].image) == [RED, GREEN, BLUE, WHITE]


def test_read_only_and_strided_pictures_are_taken(tmp_path):
    wide = np.repeat(marked_picture(0), 2, axis=1)[:, ::2]
    wide.flags.writeable = False
    with VideoWriter(tmp_path / "out.mp4", WH, Fraction(30)) as writer:
        writer.write(wide, 0.0)
    with open_video(tmp_path / "out.mp4") as video:
        assert corners(next(iter(video)).image) == [RED, GREEN, BLUE, WHITE]


def test_nothing_is_visible_before_the_end_and_nothing_stays_after_an_error(tmp_path):
    path = tmp_path / "out.mp4"
    with pytest.raises(KeyboardInterrupt), VideoWriter(path, WH, Fraction(30)) as writer:  # noqa: PT012
        writer.write(marked_picture(0), 0.0)
        assert [p.name for p in tmp_path.iterdir()] == ["out.mp4.partial"]
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_an_older_file_is_replaced_only_by_a_complete_one(tmp_path):
    path = tmp_path / "out.mp4"
    path.write_bytes(b"older")
    with pytest.raises(InputError), VideoWriter(path, WH, Fraction(30)) as writer:
        writer.write(marked_picture(0, (32, 32)), 0.0)
    assert path.read_bytes() == b"older"
    _write(path, [0.0, 0.1])
    assert len(_times(path)) == 2


def test_a_left_over_partial_file_is_no_hindrance(tmp_path):
    (tmp_path / "out.mp4.partial").write_bytes(b"x" * 100_000)
    assert len(_times(_write(tmp_path / "out.mp4", [0.0]))) == 1


def test_no_frames_is_an_error_and_leaves_nothing(tmp_path):
    with pytest.raises(VideoEncodeError, match="no frame"):
        _write(tmp_path / "out.mp4", [])
    assert list(tmp_path.iterdir()) == []


def test_missing_folder_and_folder_in_the_way(tmp_path):
    with pytest.raises(VideoEncodeError, match="not a folder"):
        VideoWriter(tmp_path / "none" / "out.mp4", WH, Fraction(30))
    (tmp_path / "taken.mp4").mkdir()
    with pytest.raises(VideoEncodeError, match="cannot be written"):
        _write(tmp_path / "taken.mp4", [0.0])
    assert [p.name for p in tmp_path.iterdir()] == ["taken.mp4"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a user whom rights bind")
def test_unwritable_folder(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(VideoEncodeError, match="cannot be written"):
        VideoWriter(tmp_path / "out.mp4", WH, Fraction(30))


@pytest.mark.parametrize("bad", [((0, 64), Fraction(30)), ((96, 64), Fraction(0))])
def test_impossible_sizes_and_rates(tmp_path, bad):
    with pytest.raises(InputError):
        VideoWriter(tmp_path / "out.mp4", *bad)


@pytest.mark.skipif(sys.platform != "linux", reason="limits file sizes by RLIMIT_FSIZE")
@pytest.mark.parametrize("share", [0.0, 0.001, 0.2, 0.6, 0.95, 0.999])
def test_a_full_disk_is_one_error_and_leaves_nothing(tmp_path, share):
    """A process that may write only a share of the file stands for a full disk: early, midway, at the end."""
    noise = np.random.default_rng(0).integers(0, 255, (30, 120, 160, 3), dtype=np.uint8)
    whole = tmp_path / "whole.mp4"
    with VideoWriter(whole, (160, 120), Fraction(30)) as writer:
        for i in range(30):
            writer.write(noise[i], i / 30)
    limit = int(whole.stat().st_size * share)
    whole.unlink()
    code = textwrap.dedent(f"""
        import resource, sys
        from fractions import Fraction
        import numpy as np
        from gaitway.adapters.video import VideoWriter
        from gaitway.errors import VideoEncodeError
        resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
        noise = np.random.default_rng(0).integers(0, 255, (30, 120, 160, 3), dtype=np.uint8)
        try:
            with VideoWriter({str(tmp_path / "out.mp4")!r}, (160, 120), Fraction(30)) as writer:
                for i in range(30):
                    writer.write(noise[i], i / 30)
        except VideoEncodeError as error:
            print(error)
            sys.exit(3)
    """)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 3, done.stderr
    assert done.stdout.count("\n") == 1
    assert "cannot be written" in done.stdout
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_a_time_that_is_no_number_and_impossible_settings_are_refused(tmp_path):
    with pytest.raises(InputError, match="time"):
        _write(tmp_path / "out.mp4", [0.0, float("nan")])
    assert list(tmp_path.iterdir()) == []
    for wrong in ({"crf": 99}, {"threads": -1}, {"keyframe_s": 0.0}):
        with pytest.raises(InputError):
            WriterConfig(**wrong)


@pytest.mark.parametrize("name", ["a b.mp4", "步态.mp4", "G-a_P-b.v1.mp4", "a:b.mp4", "%d.mp4"])
def test_any_safe_name_can_be_written(tmp_path, name):
    assert len(_times(_write(tmp_path / name, [0.0, 0.1]))) == 2


def test_nothing_is_printed(tmp_path, capfd):
    with VideoWriter(tmp_path / "out.mp4", WH, Fraction(30)) as writer:
        for i, picture in enumerate(rough_pictures(5)):
            writer.write(picture, i / 30)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_threads_keep_every_frame(tmp_path, threads):
    assert len(_times(_write(tmp_path / "out.mp4", [i / 30 for i in range(25)], threads=threads))) == 25
