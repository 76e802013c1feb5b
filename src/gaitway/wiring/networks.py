"""The networks of a run: fetched, loaded once, their hashes, arithmetic and time kept."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gaitway.adapters.checkpoints.engine import Engine
from gaitway.adapters.checkpoints.quantised import find_quantised
from gaitway.adapters.modelstore.manifest import sha256_file
from gaitway.adapters.modelstore.store import ModelStore
from gaitway.adapters.runtimes.openvino import OpenVinoRuntime, require_readable
from gaitway.config import Device
from gaitway.errors import ConfigError
from gaitway.packs import MODELS
from gaitway.progress import Progress, Report, silent
from gaitway.protocols import Runtime


@dataclass
class Networks:
    """Loads the networks that stages ask for, each once, and knows what was loaded.

    Attributes:
        precision: Arithmetic of all of them.
        device: Where checkpoints' networks run: the CPU by OpenVINO, or CUDA by torch.
        threads: Cores to use; None for all there are.
        report: Told when a model is fetched.
        hashes: SHA-256 of every model file in use, by file name.
        runtimes: What OpenVINO loaded, by file and options.
        on_torch: What torch loaded, and whose it is.
        owners: Whose each network file is.
        store: The model cache.
        int8_notes: How each network's int8 form agrees with f32, or why it stays in f32 all the same.
        on_trial: int8 forms to run before they are in the cache, by the network's file.
        watched: Stands before each network that is opened, to see its inputs.
    """

    precision: Any = "f32"
    device: Device = "cpu"
    threads: int | None = None
    report: Report = silent
    hashes: dict[str, str] = field(default_factory=dict)
    runtimes: dict[tuple[Path, str], OpenVinoRuntime] = field(default_factory=dict)
    on_torch: list[tuple[str, Any]] = field(default_factory=list)
    owners: dict[Path, str] = field(default_factory=dict)
    store: ModelStore = field(default_factory=ModelStore)
    int8_notes: dict[str, str] = field(default_factory=dict)
    on_trial: Mapping[Path, Path] = field(default_factory=dict)
    watched: Callable[[Path, OpenVinoRuntime], Runtime] | None = None

    def __post_init__(self) -> None:
        if self.precision == "int8" and self.device != "cpu":
            raise ConfigError(f"int8 runs on the CPU, and the device is {self.device}: use f16 or bf16")

    def file(self, model: str, member: str | None = None) -> Path:
        """Return a model's file, fetched first if it is not here."""
        if model in MODELS:  # what users added by hand is here or nowhere
            self.store.ensure(model, functools.partial(self._pulling, model))
        path = self.store.path(model, member)
        stored = self.store.find(model)
        files = stored.files if stored else ()
        self.hashes |= {f"{model}/{f.name}": f.sha256 for f in files if path.is_dir() or f.name == path.name}
        return path

    def runtime(self, model: str, member: str | None = None) -> Runtime:
        """Return a loaded network."""
        return self.open(self.file(model, member))

    def open(self, path: Path, *, owner: str = "", **options: Any) -> Runtime:
        """Return the network in ``path``, loaded once; ``owner`` names it where its file's name does not.

        Raises:
            NotQuantisedError: int8 is asked for, and the cache has no int8 form of it.
        """
        owner = self.owners.setdefault(path, owner or path.stem)
        key = (path, str(options.get("shapes")))
        if key not in self.runtimes:
            file, precision = self._form(path, owner)
            self.runtimes[key] = OpenVinoRuntime(file, precision=precision, threads=self.threads, **options)
        runtime = self.runtimes[key]
        return runtime if self.watched is None else self.watched(path, runtime)

    def check(self, path: Path, *, owner: str = "") -> None:
        """Raise unless ``path`` can be opened later.

        Raises:
            ModelFileError: It is not a network that OpenVINO reads.
            NotQuantisedError: int8 is asked for, and the cache has no int8 form of it.
        """
        require_readable(path)
        self._form(path, owner or path.stem)

    def _form(self, path: Path, owner: str) -> tuple[Path, Any]:
        """Return the file to load for ``path`` and its arithmetic; say so where it is not what was asked."""
        if self.precision != "int8":
            return path, self.precision
        if path in self.on_trial:
            return self.on_trial[path], "int8"
        found = find_quantised(path, self.store.home)
        if found.path is not None:
            self.int8_notes[owner] = found.note
            return found.path, "int8"
        if owner not in self.int8_notes:
            self.int8_notes[owner] = f"stays in f32: {found.note}"
            self.report(Progress("warning", owner, note=f"stays in f32, not int8: {found.note}"))
        return path, "f32"

    @property
    def busy_s(self) -> dict[str, float]:
        """Seconds of network time so far, per network file."""
        seconds: dict[str, float] = defaultdict(float)
        for name, runtime in self.loaded():
            seconds[name] += runtime.busy_s
        return dict(seconds)

    def loaded(self) -> list[tuple[str, Any]]:
        """Return every network in use with its name; one open in several sizes comes several times."""
        return [(self.owners[path], r) for (path, _), r in self.runtimes.items()] + self.on_torch

    def engine(self, model: str) -> Engine:
        """Return where a model's networks run: here, so that each is loaded once and its time counted."""
        owner = Path(model).name
        return Engine(
            functools.partial(self.open, owner=owner),
            check=functools.partial(self.check, owner=owner),
            device=None if self.device == "cpu" else self.device,
            precision=self.precision,
            on_torch_opened=lambda runtime: self.on_torch.append((owner, runtime)),
            home=self.store.home,
        )

    def remember(self, path: Path) -> None:
        """Note the hash of a model file that the user brought."""
        files = sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]
        self.hashes |= {f.name: sha256_file(f) for f in files}

    def close(self) -> None:
        """Give the networks' threads back."""
        for _, runtime in self.loaded():
            runtime.close()

    def _pulling(self, model: str, file: str, done: int, total: int | None) -> None:
        self.report(Progress("fetch", f"{model} ({file})", done, total))
