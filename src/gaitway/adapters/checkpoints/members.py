"""Checkpoints that travel in a zip."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from gaitway.adapters.checkpoints.export import cached_export
from gaitway.adapters.modelstore.archives import extract, open_zip
from gaitway.errors import ModelFileError, ModelNotFoundError
from gaitway.packs import ModelFile


def checkpoint_file(path: Path, home: Path | None = None) -> Path:
    """Return the checkpoint itself: ``path``, or the only ``.pt`` in a ``.zip``, unpacked once.

    Raises:
        ModelNotFoundError: There is no such file.
        ModelFileError: The zip is hostile or damaged, or does not hold exactly one checkpoint.
    """
    if not path.is_file():
        raise ModelNotFoundError(f"no checkpoint at {path}: check the path")
    if path.suffix.lower() != ".zip":
        return path
    with open_zip(path, path.name) as archive:
        found = [
            e.filename for e in archive.infolist() if PurePosixPath(e.filename).suffix in {".pt", ".pth"}
        ]
        if len(found) != 1:
            raise ModelFileError(
                f"{path.name} holds {len(found)} checkpoints, wanted one .pt: unpack it and choose"
            )
        file = ModelFile("checkpoint.pt", member=found[0])
        folder = cached_export(path, "unpacked", lambda to: extract(archive, (file,), to), home)
    return folder / file.name
