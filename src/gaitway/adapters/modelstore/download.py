"""Fetches one file by HTTP: resumed after any break, checked, and in place whole or not at all."""

from __future__ import annotations

import http.client
import json
import os
import re
import ssl
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from gaitway._version import __version__
from gaitway.adapters.modelstore.manifest import sha256_file
from gaitway.errors import DownloadError, GaitwayError
from gaitway.files import translated

Progress = Callable[[str, int, int | None], None]  # file, bytes so far, bytes in all where known
_CHUNK = 1 << 18
_TRANSIENT = {408, 425, 429, 500, 502, 503, 504}


@dataclass(frozen=True, slots=True)
class DownloadConfig:
    """How patient a download is.

    Attributes:
        timeout_s: Silence after which a connection counts as dead.
        attempts: Attempts in a row that may bring nothing new; one that brought bytes starts the count again.
        pause_s: Pause before the second attempt, doubled before each further one.
        max_bytes: Largest file accepted; the largest published checkpoint has 0.8 GB.
    """

    timeout_s: float = 30.0
    attempts: int = 4
    pause_s: float = 1.0
    max_bytes: int = 8 << 30


def download(
    url: str,
    target: Path,
    *,
    sha256: str | None = None,
    progress: Progress | None = None,
    config: DownloadConfig | None = None,
    opener: urllib.request.OpenerDirector | None = None,
) -> None:
    """Fetch ``url`` into ``target``, going on where an earlier call broke off.

    Unfinished bytes lie in ``target`` + ``.part``, beside a note of what the server said about the file, so
    that the halves of two different files are never joined.

    Args:
        url: http or https address.
        target: Where the whole file goes.
        sha256: What its content must hash to.
        progress: Told the file's name, bytes so far and bytes in all.
        config: Patience.
        opener: Makes the requests; ``new_opener()`` when None.

    Raises:
        DownloadError: Refused by the server, unreachable, broken off again and again, too long, or its
            hash is another.
        StoreError: The disk is full or cannot be written.
    """
    if urlsplit(url).scheme not in {"http", "https"}:
        raise DownloadError(f"{url!r} is no web address: wanted one that starts with https://")
    transfer = _Transfer(url, target, progress, config or DownloadConfig(), opener or new_opener())
    was_resumed = transfer.part.exists()
    transfer.complete()
    found = sha256_file(transfer.part)
    if sha256 is not None and found != sha256 and was_resumed:  # the old half may have been bad: once anew
        transfer.discard()
        transfer.complete()
        found = sha256_file(transfer.part)
    if sha256 is not None and found != sha256:
        transfer.discard()
        raise DownloadError(
            f"{url} came with SHA-256 {found}, wanted {sha256}: it was changed on the way or at its source; "
            f"fetch it elsewhere and run 'gaitway models add FILE'"
        )
    transfer.publish()


class _Transfer:
    """One file under way."""

    def __init__(
        self,
        url: str,
        target: Path,
        progress: Progress | None,
        config: DownloadConfig,
        opener: urllib.request.OpenerDirector,
    ) -> None:
        self.url, self.target = url, target
        self.part = target.with_name(target.name + ".part")
        self._note = target.with_name(target.name + ".part.json")
        self._progress, self._config, self._opener = progress, config, opener

    def complete(self) -> None:
        """Bring ``part`` to its full length, over as many connections as it takes."""
        fruitless = 0
        while True:
            before = self._size()
            try:
                self._connect()
            except GaitwayError:
                raise
            except (OSError, http.client.HTTPException) as error:
                fruitless = 1 if self._size() > before else fruitless + 1
                if fruitless >= self._config.attempts or _is_final(error):
                    raise unreachable(self.url, error) from error
                time.sleep(self._config.pause_s * 2 ** (fruitless - 1))
            else:
                return

    def discard(self) -> None:
        """Forget what came so far."""
        self.part.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def publish(self) -> None:
        """Put the whole file into place."""
        with self.part.open("rb") as stream:
            os.fsync(stream.fileno())
        self.part.replace(self.target)
        self._note.unlink(missing_ok=True)

    def _connect(self) -> None:
        """Make one request and take what it brings."""
        have, known = self._size(), self._read_note()
        headers = {"User-Agent": f"gaitway/{__version__}", "Accept-Encoding": "identity"}
        if have and known:
            headers["Range"] = f"bytes={have}-"
            if validator := known.get("etag") or known.get("modified"):
                headers["If-Range"] = validator
        request = urllib.request.Request(self.url, headers=headers)  # noqa: S310 - http(s), see download
        try:
            response = self._opener.open(request, timeout=self._config.timeout_s)
        except HTTPError as error:
            with error:
                if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
                    if _total(error.headers.get("Content-Range")) == have == known.get("total"):
                        return  # broke off after the last byte
                    self.discard()
                    raise ConnectionError("the file at the address has changed") from error
                raise
        with response:
            self._take(response, have, known)

    def _take(self, response: http.client.HTTPResponse, have: int, known: Mapping[str, Any]) -> None:
        """Write a response's bytes behind the ones we have, or from the start if the server starts there."""
        start = (
            _start(response.headers.get("Content-Range"))
            if response.status == http.client.PARTIAL_CONTENT
            else 0
        )
        length = response.headers.get("Content-Length")
        total = start + int(length) if length is not None and length.isdigit() else None
        if start not in {0, have} or (start and total != known.get("total")):
            self.discard()
            raise ConnectionError("the server sent another part of the file than the one asked for")
        if total is not None and total > self._config.max_bytes:
            raise DownloadError(
                f"{self.url} has {total} bytes, more than the {self._config.max_bytes} allowed"
            )
        self._write_note(response.headers, total)
        with translated("write", self.part):
            stream = self.part.open("ab" if start else "wb")
        with stream:
            self._copy(response, stream, start, total)

    def _copy(
        self, response: http.client.HTTPResponse, stream: IO[bytes], done: int, total: int | None
    ) -> None:
        while True:
            if self._progress is not None:
                self._progress(self.target.name, done, total)
            chunk = response.read1(_CHUNK)
            if not chunk:
                break
            done += len(chunk)
            if done > self._config.max_bytes:
                raise DownloadError(f"{self.url} goes on after the {self._config.max_bytes} bytes allowed")
            with translated("write", self.part):
                stream.write(chunk)
                stream.flush()
        if total is not None and done != total:
            raise ConnectionError(f"the connection ended after {done} of {total} bytes")

    def _size(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _read_note(self) -> dict[str, Any]:
        """Return what the server said when ``part`` was begun; nothing where that is not known for sure."""
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return note if isinstance(note, dict) and note.get("total") is not None else {}

    def _write_note(self, headers: Message, total: int | None) -> None:
        etag = headers.get("ETag") or ""
        note = {
            "etag": etag if not etag.startswith("W/") else "",  # a weak one does not vouch for the bytes
            "modified": headers.get("Last-Modified") or "",
            "total": total,
        }
        with translated("write", self._note):
            self._note.write_text(json.dumps(note), encoding="utf-8")


class _NoDowngrade(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but never from an encrypted address to an open one."""

    def redirect_request(  # noqa: PLR0917 - urllib's signature
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """Return the request to make next."""
        if req.type == "https" and urlsplit(newurl).scheme != "https":
            raise DownloadError(
                f"{req.full_url} sends on to {newurl!r}, which is not encrypted: not followed"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def new_opener(*handlers: urllib.request.BaseHandler) -> urllib.request.OpenerDirector:
    """Make what opens web addresses: http and https only, through the user's proxy, with no local files."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
        _NoDowngrade(),
        *handlers,
    ):
        opener.add_handler(handler)
    return opener


def unreachable(url: str, error: BaseException) -> DownloadError:
    """Make the error that says why ``url`` could not be fetched, and what to do without it."""
    if isinstance(error, HTTPError):
        reason = f"the server answered {error.code} {error.reason}"
    else:
        cause = error.reason if isinstance(error, URLError) else error
        reason = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return DownloadError(
        f"could not fetch {url} ({reason}): check the network, or fetch it elsewhere and run "
        f"'gaitway models add FILE'"
    )


def _is_final(error: BaseException) -> bool:
    """Say whether asking again cannot help."""
    if isinstance(error, HTTPError):
        return error.code not in _TRANSIENT
    cause = error.reason if isinstance(error, URLError) else error
    return isinstance(cause, (ssl.SSLCertVerificationError, str))  # a text: no such kind of address


def _start(content_range: str | None) -> int:
    """Read the first byte's position from ``bytes 100-199/200``; -1 where there is none."""
    found = re.match(r"bytes (\d+)-", content_range or "")
    return int(found[1]) if found else -1


def _total(content_range: str | None) -> int | None:
    """Read the file's length from ``bytes */200``."""
    found = re.search(r"/(\d+)$", content_range or "")
    return int(found[1]) if found else None
