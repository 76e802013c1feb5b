"""Finds the real address of a public Google Drive file, behind the page that warns about large ones."""

from __future__ import annotations

import http.client
import http.cookiejar
import re
import urllib.request
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

from gaitway.adapters.modelstore.download import new_opener, unreachable
from gaitway.errors import DownloadError, InputError
from gaitway.packs import DriveSource

_FILE_ID = re.compile(r"[A-Za-z0-9_-]{10,128}")
_PAGE_BYTES = 1 << 20  # the warning page has a few kB
_TIMEOUT_S = 30.0


def drive_url(source: DriveSource) -> str:
    """Return the address that shows a Drive file to a browser."""
    if not _FILE_ID.fullmatch(source.file_id):
        raise InputError(f"{source.file_id!r} is no Google Drive id: take it from the sharing link")
    return f"{source.service}?{urlencode({'id': source.file_id, 'export': 'download'})}"


def resolve_drive(source: DriveSource) -> tuple[str, urllib.request.OpenerDirector]:
    """Find where a Drive file can be fetched.

    Drive sends small files at once. For large ones, which it does not scan for viruses, it sends a page with
    a form; its hidden fields are what the download needs.

    Args:
        source: The file.

    Returns:
        The file's own address, good for a while, and the opener that holds the session's cookies.

    Raises:
        DownloadError: Drive cannot be reached, does not know the file, or has sent it too often today.
    """
    url = drive_url(source)
    opener = new_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    try:
        with opener.open(url, timeout=_TIMEOUT_S) as response:
            if response.headers.get_content_type() != "text/html" or response.headers.get(
                "Content-Disposition"
            ):
                return url, opener
            page = response.read(_PAGE_BYTES).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, DownloadError):
            raise
        raise unreachable(url, error) from error
    return _confirmed(url, page), opener


def _confirmed(url: str, page: str) -> str:
    """Return the address that the warning page's form leads to."""
    form = _Form()
    form.feed(page)
    if form.action is None or "id" not in form.fields:
        is_quota = re.search("quota|too many users", page, re.IGNORECASE)
        why = "it was fetched too often today" if is_quota else "its page offers no download"
        raise DownloadError(
            f"Google Drive does not send {url} ({why}): open it in a browser, then run "
            f"'gaitway models add FILE'"
        )
    target = urljoin(url, form.action)
    if urlsplit(target).scheme != urlsplit(url).scheme:
        raise DownloadError(f"the page at {url} leads to {target!r}, which is not encrypted: not followed")
    return f"{target.partition('?')[0]}?{urlencode(form.fields)}"


class _Form(HTMLParser):
    """Reads the page's download form."""

    def __init__(self) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: dict[str, str] = {}
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the form's address and its fields."""
        values = {name: value or "" for name, value in attrs}
        if tag == "form" and "download" in values.get("id", "") + values.get("action", ""):
            self.action, self._inside = values.get("action"), True
        elif tag == "input" and self._inside and values.get("type") == "hidden":
            self.fields[values.get("name", "")] = values.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        """Stop at the form's end."""
        if tag == "form":
            self._inside = False
