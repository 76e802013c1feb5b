"""Every form of video comes out as upright RGB frames at the right times."""

from __future__ import annotations

import gc
import threading
import time
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from gaitway.adapters.video import ReaderConfig, open_video
from gaitway.errors import InputError, VideoDecodeError, VideoNotFoundError
from gaitway.types import Frame
from support.clips import BLUE, GREEN, RED, WHITE, corners, marked_picture, write_clip

UPRIGHT = [RED, GREEN, BLUE, WHITE]
LOSSLESS = {"qp": "0", "preset": "ultrafast"}


def _read(path: Path, **config: object) -> tuple[list[Frame], list[str]]:
    with open_video(path, config=ReaderConfig(**config)) as video:
        frames = list(video)
        assert all(f.size_wh == video.size_wh for f in frames)
        return frames, video.warnings


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [
        ("clip.mp4", "libx264", "yuv420p"),
        ("clip.mov", "libx264", "yuv422p"),
        ("clip.mkv", "libx264", "yuv444p"),
        ("clip.mkv", "ffv1", "yuv420p10le"),
        ("clip10.mp4", "libx265", "yuv420p10le"),
        ("clip.webm", "libvpx-vp9", "yuv420p"),
        ("clip.webm", "libvpx", "yuv420p"),
        ("clip.avi", "mpeg4", "yuv420p"),
        ("clip.avi", "mjpeg", "yuvj420p"),
        ("clip.ts", "libx264", "yuv420p"),
        ("clip.mpg", "mpeg2video", "yuv420p"),
        ("clip.flv", "libx264", "yuv420p"),
        ("grey.mkv", "ffv1", "gray"),
        ("alpha.mov", "qtrle", "argb"),
        ("alpha.mov", "png", "rgba"),
        ("pro.mov", "prores_ks", "yuva444p10le"),
    ],
)
def test_containers_codecs_and_pixel_formats(tmp_path, name, codec, pix_fmt):
    options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    frames, warnings = _read(write_clip(tmp_path / name, codec=codec, pix_fmt=pix_fmt, options=options))
    assert [f.index for f in frames] == list(range(12))
    assert np.diff([f.time_s for f in frames]) == pytest.approx(1 / 30, abs=2e-3)
    assert frames[0].time_s == pytest.approx(0, abs=0.04)
    assert warnings == []
    for frame in frames:
        want = marked_picture(frame.index).astype(int)
        if pix_fmt == "gray":
            want = np.repeat((want @ [0.299, 0.587, 0.114])[..., None], 3, axis=2)
        assert (
            np.abs(frame.image - want).mean() < 12
        )  # codecs at their default quality; a wrong frame gives > 20


def test_other_streams_are_ignored(tmp_path):
    frames, warnings = _read(write_clip(tmp_path / "talk.mp4", audio=True))
    assert len(frames) == 12
    assert warnings == []


@pytest.mark.parametrize("wh", [(95, 64), (96, 63), (95, 63), (17, 33)])
def test_odd_sizes(tmp_path, wh):
    frames, _ = _read(write_clip(tmp_path / "odd.mkv", wh=wh, codec="ffv1", pix_fmt="yuv420p"))
    assert frames[0].size_wh == wh
    assert np.abs(frames[3].image.astype(int) - marked_picture(3, wh)).mean() < 6


@pytest.mark.parametrize("angle", [0, 90, 180, 270, -90])
def test_rotated_video_comes_out_upright(tmp_path, angle):
    """The stored picture is turned by hand against the angle, which counts counterclockwise."""
    stored = [np.ascontiguousarray(np.rot90(marked_picture(i), -angle // 90)) for i in range(4)]
    wh = (stored[0].shape[1], stored[0].shape[0])
    path = write_clip(tmp_path / "turned.mp4", frames=stored, wh=wh, rotation=angle, options=LOSSLESS)
    frames, _ = _read(path)
    assert frames[0].size_wh == (96, 64)
    assert corners(frames[0].image) == UPRIGHT
    assert np.abs(frames[2].image.astype(int) - marked_picture(2)).mean() < 4


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_mirrored_and_turned_video_comes_out_upright(tmp_path, turns):
    """A mirrored display matrix is patched into the file; the picture is what ISO 14496-12 says it is."""
    path = write_clip(tmp_path / "mirror.mp4", frames=2, options=LOSSLESS)
    one, raw = 0x10000, path.read_bytes()
    identity = np.array([one, 0, 0, 0, one, 0, 0, 0, 0x40000000], ">i4").tobytes()
    a, b, c, d = [(-1, 0, 0, 1), (0, 1, 1, 0), (1, 0, 0, -1), (0, -1, -1, 0)][turns]
    matrix = np.array([a * one, b * one, 0, c * one, d * one, 0, 0, 0, 0x40000000], ">i4").tobytes()
    tkhd = raw.index(b"tkhd")
    at = raw.index(identity, tkhd)
    path.write_bytes(raw[:at] + matrix + raw[at + len(identity) :])

    stored, (h, w) = marked_picture(0), (64, 96)
    points = [(a * x + c * y, b * x + d * y) for y in (0, h - 1) for x in (0, w - 1)]
    left, top = min(p[0] for p in points), min(p[1] for p in points)
    want = np.zeros((h, w, 3) if a else (w, h, 3), np.uint8)
    y, x = np.mgrid[:h, :w]
    want[b * x + d * y - top, a * x + c * y - left] = stored
    frames, _ = _read(path)
    assert np.abs(frames[0].image.astype(int) - want).mean() < 4


def test_variable_frame_rate_keeps_its_times(tmp_path):
    times = [0.0, 0.033, 0.1, 0.101, 0.5, 0.75, 2.0, 2.02]
    frames, warnings = _read(write_clip(tmp_path / "vfr.mp4", frames=len(times), times_s=times))
    np.testing.assert_allclose([f.time_s for f in frames], times, atol=1e-3)
    assert warnings == []


def test_a_late_start_is_cut_from_the_clock(tmp_path):
    """Transport streams start anywhere; ours starts where the container does."""
    times = [100 + i / 25 for i in range(8)]
    frames, _ = _read(write_clip(tmp_path / "late.ts", frames=8, times_s=times, rate=25))
    np.testing.assert_allclose([f.time_s for f in frames], np.arange(8) / 25, atol=1e-3)


def _yuv(rgb: tuple[int, int, int], matrix: int, *, full: bool) -> list[int]:
    """R'G'B' to Y'CbCr by the definition (ITU-R BT.601-7, BT.709-6, BT.2020-2), 8 bits."""
    kr, kb = {5: (0.299, 0.114), 1: (0.2126, 0.0722), 9: (0.2627, 0.0593)}[matrix]
    r, g, b = (v / 255 for v in rgb)
    y = kr * r + (1 - kr - kb) * g + kb * b
    cb, cr = (b - y) / (2 * (1 - kb)), (r - y) / (2 * (1 - kr))
    if full:
        return [round(255 * y), round(128 + 255 * cb), round(128 + 255 * cr)]
    return [round(16 + 219 * y), round(128 + 224 * cb), round(128 + 224 * cr)]


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(
    ("tag", "wh", "matrix"),
    [
        (5, (64, 64), 5),
        (6, (64, 64), 5),
        (1, (64, 64), 1),
        (9, (64, 64), 9),
        (2, (64, 64), 5),
        (2, (1280, 720), 1),
    ],
)
def test_colours_are_right_for_each_matrix_and_range(tmp_path, tag, wh, matrix, full):
    """``tag`` 2 means unspecified: players then take BT.601 for small and BT.709 for large pictures."""
    for rgb in (RED, GREEN, BLUE, WHITE, (128, 128, 128)):
        planes = np.stack([np.full((wh[1], wh[0]), v, np.uint8) for v in _yuv(rgb, matrix, full=full)])
        frame = av.VideoFrame.from_ndarray(planes, format="yuv444p")
        frame.colorspace, frame.color_range = tag, 2 if full else 1
        path = write_clip(
            tmp_path / "colour.mkv",
            frames=[frame],
            wh=wh,
            pix_fmt="yuv444p",
            options=LOSSLESS,
            colour={"colorspace": tag, "color_range": 2 if full else 1},
        )
        image = _read(path)[0][0].image
        assert np.abs(image[wh[1] // 2, wh[0] // 2].astype(int) - rgb).max() <= 4


def _combing(image: np.ndarray) -> float:
    """How far lines differ from the mean of their neighbours."""
    grey = image.astype(float).mean(axis=2)
    return float(np.abs(grey[1:-1] - (grey[:-2] + grey[2:]) / 2).mean())


def _woven(count: int) -> list[np.ndarray]:
    """Frames whose odd lines show the picture half a frame later."""
    woven = []
    for i in range(count):
        image = np.full((64, 96, 3), 60, np.uint8)
        image[0::2, 8 + 6 * i : 28 + 6 * i] = 220
        image[1::2, 11 + 6 * i : 31 + 6 * i] = 220
        woven.append(image)
    return woven


def test_interlaced_frames_are_deinterlaced_one_for_one(tmp_path):
    woven = _woven(10)
    options = {"flags": "+ildct+ilme", "x264-params": "tff=1:qp=4"}
    path = write_clip(tmp_path / "tv.mkv", frames=woven, options=options, rate=25)
    frames, warnings = _read(path)
    assert len(frames) == 10
    np.testing.assert_allclose([f.time_s for f in frames], np.arange(10) / 25, atol=2e-3)
    for frame, raw in zip(frames, woven, strict=True):
        assert _combing(frame.image) < 0.5 * _combing(raw)
    assert warnings == []


def test_interlaced_frames_keep_colour_and_rotation(tmp_path):
    """The filter may not lose what the frames say of themselves."""
    stored = [np.ascontiguousarray(np.rot90(marked_picture(i), -1)) for i in range(6)]
    options = {"flags": "+ildct+ilme", "x264-params": "tff=1:qp=4"}
    for tag in (1, 5):
        path = write_clip(
            tmp_path / "tv.mov",
            frames=[_tagged(image, tag) for image in stored],
            wh=(64, 96),
            options=options,
            rotation=90,
            colour={"colorspace": tag, "color_range": 2},
            pix_fmt="yuv444p",
        )
        frames, warnings = _read(path)
        assert warnings == []
        assert len(frames) == 6
        for frame in frames:
            assert corners(frame.image) == UPRIGHT
            assert np.abs(frame.image[8, 12].astype(int) - RED).max() <= 6


def _tagged(image: np.ndarray, tag: int) -> av.VideoFrame:
    """``image`` in full-range yuv444p of the matrix ``tag``."""
    rgb = av.VideoFrame.from_ndarray(image)
    yuv = rgb.reformat(format="yuv444p", dst_colorspace=tag, src_color_range=2, dst_color_range=2)
    yuv.colorspace, yuv.color_range = tag, 2
    return yuv


def test_pixels_that_are_not_square_are_told(tmp_path):
    path = write_clip(tmp_path / "pal.mp4", options={"x264-params": "sar=64/45"})
    frames, warnings = _read(path)
    assert frames[0].size_wh == (96, 64)
    assert any("64:45" in w for w in warnings)


def test_progressive_frames_are_left_alone(tmp_path):
    woven = _woven(4)  # looks interlaced, but does not say so
    frames, _ = _read(write_clip(tmp_path / "stripes.mkv", frames=woven, options={"qp": "0"}))
    assert _combing(frames[1].image) == pytest.approx(_combing(woven[1]), rel=0.1)


def test_a_size_change_is_scaled_to_the_first_size_and_told(tmp_path):
    small = write_clip(tmp_path / "a.ts", frames=5, wh=(96, 64), options={"bf": "0"})
    large = write_clip(tmp_path / "b.ts", frames=5, wh=(192, 128), options={"bf": "0"}, rate=30)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(small.read_bytes() + large.read_bytes())
    frames, warnings = _read(joined)
    assert len(frames) == 10
    assert corners(frames[-1].image) == UPRIGHT
    assert any("5 pictures were scaled" in w for w in warnings)


def test_closing_while_another_thread_reads_ends_its_loop(tmp_path):
    path = write_clip(tmp_path / "long.mp4", frames=300)
    for delay in range(5):
        read, begun = [], threading.Event()

        def work(video=None, read=read, begun=begun):
            for frame in video:
                read.append(frame.index)
                begun.set()

        with open_video(path) as video:
            thread = threading.Thread(target=work, args=(video,))
            thread.start()
            begun.wait(10)
            time.sleep(delay * 0.002)
        thread.join(10)
        assert not thread.is_alive()
        assert read == list(range(len(read)))


@pytest.mark.parametrize("threads", [0, 1, 4])
def test_threads_change_nothing(tmp_path, threads):
    path = write_clip(tmp_path / "t.mp4", frames=20)
    one = _read(path, threads=1)[0]
    many = _read(path, threads=threads)[0]
    assert all(np.array_equal(a.image, b.image) for a, b in zip(one, many, strict=True))


@pytest.mark.parametrize(
    "name",
    ["clip.v1.mp4", "two words.mp4", "a..b.mp4", "步态 прогулка.mp4", "a:b.mp4", "%03d.mp4", "pipe:0.mp4"],
)
def test_any_file_name_can_be_read(tmp_path, monkeypatch, name):
    write_clip(tmp_path / "x.mp4", frames=2).rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert len(_read(Path(name))[0]) == 2


def test_image_folder_order_rotation_size_and_broken_pictures(tmp_path):
    for number in (996, 1000, 997):
        image = np.full((48, 64, 4), number % 250, np.uint8)
        cv2.imwrite(str(tmp_path / f"001-{number}.png"), image)
    cv2.imwrite(str(tmp_path / "001-1001.png"), np.full((96, 128), 9, np.uint8))
    (tmp_path / "001-998.png").write_bytes(b"no picture")
    frames, warnings = _read(tmp_path, image_rate=Fraction(25))
    assert [int(f.image[0, 0, 0]) for f in frames] == [996 % 250, 997 % 250, 1000 % 250, 9]
    assert [f.index for f in frames] == [0, 1, 2, 3]
    np.testing.assert_allclose([f.time_s for f in frames], [0, 0.04, 0.12, 0.16])
    assert any("001-998.png" in w for w in warnings)
    assert any("scaled" in w for w in warnings)


def test_a_folder_without_pictures_is_not_found(tmp_path):
    with pytest.raises(VideoNotFoundError, match="holds no pictures"):
        open_video(tmp_path)


def test_a_folder_of_broken_pictures_is_a_decode_error(tmp_path):
    (tmp_path / "1.png").write_bytes(b"")
    with pytest.raises(VideoDecodeError, match="can be read"):
        open_video(tmp_path)


def test_impossible_settings_are_refused():
    with pytest.raises(InputError):
        ReaderConfig(threads=-1)
    with pytest.raises(InputError, match="tcp or udp"):
        ReaderConfig(rtsp_transport="pigeon")


def test_nothing_is_printed(tmp_path, capfd):
    _read(write_clip(tmp_path / "quiet.mp4"))
    printed = capfd.readouterr()
    assert printed.out == ""
    assert printed.err == ""


@pytest.mark.parametrize("rotation", [0, 90])
def test_decoded_pictures_are_freed_at_once_without_the_garbage_collector(tmp_path, rotation):
    path = write_clip(tmp_path / "clip.mp4", frames=90, rotation=rotation, options={"preset": "ultrafast"})
    gc.collect()
    before = _pictures_alive()
    gc.disable()
    try:
        with open_video(path, config=ReaderConfig(threads=1)) as video:
            most = max(_pictures_alive() - before for _ in video)
    finally:
        gc.enable()
    assert most <= 4, most  # in hand, and what the decoder held back at the end; cycles would keep all 90


def _pictures_alive() -> int:
    return sum(type(o) is av.VideoFrame for o in gc.get_objects())  # asks no lazy object for its class
