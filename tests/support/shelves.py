"""Index files kept by numpy instead of Lance, for what does not depend on the format."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import numpy as np

from gaitway.adapters.gallery import shelf


def use_numpy(monkeypatch: Any) -> None:
    """Keep index files as npz."""

    def write(path: Any, label: shelf.Label, blocks: Any) -> None:
        told = json.dumps({"head": label.head, "bounds": label.bounds})
        with path.open("wb") as file:
            np.savez(file, told=np.array(told), ids=label.template, blocks=np.stack(list(blocks)))

    def read_label(path: Any) -> shelf.Label:
        content = io.BytesIO(path.read_bytes())
        if not zipfile.is_zipfile(content):
            raise ValueError("cut off")
        with np.load(content) as stored:
            told = json.loads(str(stored["told"]))
            return shelf.Label(tuple(told["head"]), tuple(told["bounds"]), stored["ids"])

    def read(_: shelf.Shelf, path: Any) -> Any:
        with np.load(path) as stored:
            yield from stored["blocks"]

    monkeypatch.setattr(shelf, "is_installed", lambda: True)
    monkeypatch.setattr(shelf, "_write", write)
    monkeypatch.setattr(shelf, "_read_label", read_label)
    monkeypatch.setattr(shelf.Shelf, "read", read)
