"""Networks as OpenVINO files in the cache: made once, under the hash of what they are made of."""

from __future__ import annotations

import hashlib
import json
import shutil
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jaxtyping
from filelock import FileLock

from gaitway.adapters.modelstore.manifest import sha256_file
from gaitway.adapters.modelstore.store import default_home
from gaitway.errors import NetworkError
from gaitway.files import translated

if TYPE_CHECKING:
    import torch

VERSION = 2  # of the exporting code: raise it when exports change, so that old ones are not used
NETWORK = "network.xml"


def cached_export(
    source: Path, settings: Any, build: Callable[[Path], None], home: Path | None = None
) -> Path:
    """Return the folder with what ``build`` makes of ``source``; build it only the first time.

    Args:
        source: The checkpoint; its content's hash is part of the folder's name.
        settings: Whatever else the result depends on, as JSON values.
        build: Fills the empty folder it is given.
        home: The model cache; the user's own when None.

    Returns:
        A folder that holds all that ``build`` wrote.

    Raises:
        StoreError: The cache cannot be written.
    """
    folder = export_folder(source, settings, home)
    if folder.is_dir():
        return folder
    with translated("write", folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_suffix(".lock")):
            if not folder.is_dir():
                aside = folder.with_suffix(".partial")
                shutil.rmtree(aside, ignore_errors=True)
                aside.mkdir()
                build(aside)
                aside.rename(folder)
    return folder


def export_folder(source: Path, settings: Any, home: Path | None = None) -> Path:
    """Return where ``cached_export`` keeps what is made of ``source``; it need not be there."""
    text = json.dumps([VERSION, _exporter(), sha256_file(source), settings], sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:32]
    return (home or default_home()) / "exports" / digest


def export_openvino(
    network: torch.nn.Module, shape: Sequence[int], example: Sequence[int], path: Path
) -> None:
    """Write a network as an OpenVINO ``.xml`` with its ``.bin``, weights in float32.

    Args:
        network: In evaluation mode; takes one float32 tensor.
        shape: Its input's shape, -1 where dynamic.
        example: A shape to trace it with.
        path: The ``.xml``.

    Raises:
        NetworkError: OpenVINO cannot express the network.
    """
    import torch

    from gaitway.adapters.runtimes.openvino import (
        _openvino as load_openvino,
    )  # imported without its reports home

    openvino = load_openvino()
    try:
        with torch.no_grad(), unchecked_shapes(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the tracer's, about shapes that are fixed here
            model = openvino.convert_model(
                network.eval(), example_input=torch.zeros(*example), input=openvino.PartialShape(list(shape))
            )
        openvino.save_model(model, path, compress_to_fp16=False)
    except Exception as error:  # the converter's own failures are plain Exceptions
        reason = str(error).strip().splitlines()[-1][:200] if str(error).strip() else type(error).__name__
        raise NetworkError(
            f"the network cannot be converted for OpenVINO ({reason}): use torch instead"
        ) from error


@contextmanager
def unchecked_shapes() -> Iterator[None]:
    """Switch off jaxtyping's checks, which the tests switch on: while tracing, sizes are tensors."""
    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    try:
        yield
    finally:
        jaxtyping.config.update("jaxtyping_disable", before)


def _exporter() -> str:
    """Return the version of what writes the files."""
    from importlib.metadata import version

    return f"openvino {version('openvino')}"
