"""A web server on 127.0.0.1 that sends files as badly as real ones do."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass
class Page:
    """What the server sends for one path.

    Attributes:
        content: The body.
        headers: Further headers, such as ETag.
        ranges: Whether parts can be asked for.
        break_after: Bytes after which each connection of the first ``breaks`` ends.
        breaks: How many connections end early.
        statuses: Error answers to give first, one per request.
        says_length: Whether Content-Length is sent.
    """

    content: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    ranges: bool = True
    break_after: int = 0
    breaks: int = 0
    statuses: list[int] = field(default_factory=list)
    says_length: bool = True


@dataclass
class Request:
    path: str
    query: dict[str, str]
    headers: dict[str, str]


class FileServer:
    """Pages by path; a page may also be a function of the request."""

    def __init__(self) -> None:
        self.pages: dict[str, Page | Callable[[Request], Page]] = {}
        self.requests: list[Request] = []
        self.address = ""

    def url(self, path: str) -> str:
        return f"{self.address}{path}"

    def ranges_asked(self) -> list[str | None]:
        return [request.headers.get("range") for request in self.requests]


@contextmanager
def serve() -> Iterator[FileServer]:
    """Run a server for the length of a block."""
    site = FileServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            request = Request(parts.path, query, {k.lower(): v for k, v in self.headers.items()})
            site.requests.append(request)
            page = site.pages.get(parts.path)
            page = page(request) if callable(page) else page
            if page is None:
                self.send_error(404)
            elif page.statuses:
                self.send_error(page.statuses.pop(0))
            else:
                _send(self, page, request)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _send(handler: BaseHTTPRequestHandler, page: Page, request: Request) -> None:
    asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", "")) if page.ranges else None
    if_range = request.headers.get("if-range")
    is_same = if_range is None or if_range in {page.headers.get("ETag"), page.headers.get("Last-Modified")}
    start = int(asked[1]) if asked and is_same else 0
    length = len(page.content)
    if start and start >= length:
        handler.send_response(416)
        handler.send_header("Content-Range", f"bytes */{length}")
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return
    handler.send_response(206 if start else int(page.headers.get("status", 200)))
    if start:
        handler.send_header("Content-Range", f"bytes {start}-{length - 1}/{length}")
    if page.says_length:
        handler.send_header("Content-Length", str(length - start))
    for name, value in page.headers.items():
        if name != "status":
            handler.send_header(name, value)
    handler.end_headers()
    body = page.content[start:]
    if page.breaks > 0:
        page.breaks -= 1
        body = body[: page.break_after]
    handler.wfile.write(body)
