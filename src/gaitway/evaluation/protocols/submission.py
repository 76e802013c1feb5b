"""Answers for the challenges that keep their labels: GREW and HID."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gaitway.evaluation.protocols.samples import Samples, compare
from gaitway.evaluation.ranking import nearest
from gaitway.recognition.rerank import RerankConfig

GREW_NEAREST = 20
HID_RERANK = RerankConfig(k1=6, k2=6, own_weight=0.3)  # the challenge has about ten sequences a person


def submit_grew(samples: Samples, *, rerank: bool = False, out: str | Path | None = None) -> dict[str, Any]:
    """Write GREW's answer sheet: per probe the people of its 20 nearest gallery sequences, who may repeat.

    Args:
        samples: Gallery sequences of type 01 and 02 under their label, probes of type 03 whose video's name
            is their view.
        rerank: Re-rank by k-reciprocal neighbours first.
        out: File to write, or None.

    Returns:
        ``csv``, the sheet's text, and ``rows``, its rows.

    Source:
        Zhu et al., Gait Recognition in the Wild: A Benchmark, ICCV 2021, and the challenge's form.
    """
    gallery, probes = samples.of_types(["01", "02"]), samples.of_types(["03"])
    rows: list[list[str]] = []
    for place, distances in compare(probes, gallery, RerankConfig() if rerank else None):
        for name, order in zip(probes.views[place], nearest(distances, GREW_NEAREST), strict=True):
            rows.append([str(name), *(_number(label) for label in gallery.labels[order])])
    header = ["videoId", *(f"rank{k}" for k in range(1, GREW_NEAREST + 1))]
    return _sheet(header, rows, out)


def submit_hid(
    samples: Samples,
    *,
    rerank: bool = False,
    rerank_config: RerankConfig = HID_RERANK,
    out: str | Path | None = None,
) -> dict[str, Any]:
    """Write HID's answer sheet: per probe the nearest person.

    Args:
        samples: Probes carry the label "probe" and their video's name as type; everybody else is gallery.
        rerank: Re-rank by k-reciprocal neighbours first.
        rerank_config: How.
        out: File to write, or None.

    Returns:
        ``csv``, the sheet's text, and ``rows``, its rows.

    Source:
        Yu et al., HID 2021: Competition on Human Identification at a Distance, IJCB 2021.
    """
    is_probe = samples.labels == "probe"
    probes = samples.require(is_probe, 'the label "probe"')
    gallery = samples.require(~is_probe, 'a label other than "probe"')
    rows = [
        [str(name), label]
        for name, label in zip(
            probes.types, _nearest_labels(probes, gallery, rerank_config if rerank else None), strict=True
        )
    ]
    return _sheet(["videoID", "label"], rows, out)


def _nearest_labels(probes: Samples, gallery: Samples, config: RerankConfig | None) -> list[str]:
    blocks = compare(probes, gallery, config)
    best = np.concatenate([np.argmin(rows, axis=1) for _, rows in blocks])
    return [str(label) for label in gallery.labels[best]]


def _number(label: object) -> str:
    """Return a label as the sheet wants it: a number without leading zeros, where it is one."""
    text = str(label)
    return str(int(text)) if text.isdecimal() else text


def _sheet(header: list[str], rows: list[list[str]], out: str | Path | None) -> dict[str, Any]:
    text = "".join(",".join(row) + "\n" for row in [header, *rows])
    if out is not None:
        Path(out).write_text(text, encoding="utf-8", newline="")
    return {"csv": text, "rows": rows}
