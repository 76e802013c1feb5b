"""One run's own folder: annotated videos, track texts, results and report, aside until all is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gaitway.config import Settings
from gaitway.drawing import Colour, DrawStyle
from gaitway.progress import Report
from gaitway.reporting.mot_text import write_mot
from gaitway.reporting.report_html import OutputVideo, write_report
from gaitway.reporting.results_csv import write_results_csv
from gaitway.reporting.results_json import write_results_json
from gaitway.reporting.run_json import write_run_json
from gaitway.results import IdentifyResult, VideoResult
from gaitway.wiring.draw import Annotator, Names, draw_video
from gaitway.wiring.publish import annotated_name
from gaitway.wiring.video import reader_config


class RunFolder:
    """Writes what belongs to one run.

    Args:
        path: An empty folder.
        gallery: Names of the gallery videos; the probes' annotated videos are called after them.
        settings: Whether and how videos are drawn.
        report: Told about the progress.
    """

    def __init__(self, path: Path, gallery: Sequence[str], settings: Settings, report: Report) -> None:
        self.path = path
        self._gallery = list(gallery)
        self._settings = settings
        self._report = report
        self._videos: list[OutputVideo] = []

    def gallery_video(
        self, source: str, video: VideoResult, names: Names, colours: Mapping[str, Colour]
    ) -> Callable[[], None]:
        """Return the work that writes a gallery video's outputs."""
        return lambda: self._write(source, video, names, colours, f"{video.name}.mp4")

    def probe_video(
        self, source: str, video: VideoResult, names: Names, colours: Mapping[str, Colour]
    ) -> Callable[[], None]:
        """Return the work that writes a probe video's outputs."""
        file_name = annotated_name(self._gallery, video.name)
        return lambda: self._write(source, video, names, colours, file_name)

    def finish(self, result: IdentifyResult, run: Mapping[str, Any]) -> None:
        """Write results.json, results.csv, run.json and report.html.

        Raises:
            StoreError: A file cannot be written.
        """
        write_results_json(self.path / "results.json", result)
        write_results_csv(self.path / "results.csv", result)
        write_run_json(self.path / "run.json", run)
        write_report(self.path / "report.html", result, run, videos=self._videos)

    def _write(
        self,
        source: str,
        video: VideoResult,
        names: Names,
        colours: Mapping[str, Colour],
        file_name: str,
    ) -> None:
        write_mot(self.path / f"{video.name}.txt", video.tracks)
        if not self._settings.video:
            return
        annotator = Annotator(video, names, colours, DrawStyle(mode=self._settings.draw))
        poster = draw_video(
            source,
            self.path / file_name,
            annotator,
            name=file_name,
            reader=reader_config(self._settings),
            report=self._report,
        )
        self._videos.append(OutputVideo(video.name, file_name, poster))
