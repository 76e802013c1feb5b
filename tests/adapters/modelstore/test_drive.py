import hashlib

import pytest

from gaitway.adapters.modelstore.download import DownloadConfig, download
from gaitway.adapters.modelstore.drive import resolve_drive
from gaitway.errors import DownloadError, InputError
from gaitway.packs import DriveSource
from support.web import Page

FILE_ID = "1P4mY0Yyd3PPTybgZkjMYhFri88nTmJX5"
QUICK = DownloadConfig(timeout_s=5.0, attempts=2, pause_s=0.0)
CONTENT = bytes(range(256)) * 2000
HTML = {"Content-Type": "text/html; charset=utf-8"}

WARNING = """<!DOCTYPE html><html><head><title>Google Drive - Virus scan warning</title></head><body>
<p class="uc-warning-caption">Google Drive can't scan this file for viruses.</p>
<form action="/search"><input type="hidden" name="q" value="not this one"></form>
<form id="download-form" action="{action}" method="get">
<input type="submit" id="uc-download-link" value="Download anyway"/>
<input type="hidden" name="id" value="{id}"><input type="hidden" name="export" value="download">
<input type="hidden" name="confirm" value="t"><input type="hidden" name="uuid" value="a-b &amp; c">
</form></body></html>"""
QUOTA = "<html><body><p>Too many users have viewed or downloaded this file recently.</p></body></html>"


def drive_like(site, action: str = "/download"):
    """Send the warning page first and the file only to who hands its hidden fields and cookie back."""

    def page(request) -> Page:
        if request.query.get("id") != FILE_ID:
            return Page(b"gone", {**HTML, "status": "404"})
        is_confirmed = request.query.get("confirm") == "t" and request.query.get("uuid") == "a-b & c"
        if is_confirmed and request.headers.get("cookie") == "NID=token":
            return Page(
                CONTENT, {"Content-Type": "application/octet-stream", "Content-Disposition": "attachment"}
            )
        return Page(WARNING.format(id=FILE_ID, action=action).encode(), {**HTML, "Set-Cookie": "NID=token"})

    site.pages["/download"] = page
    return DriveSource(FILE_ID, site.url("/download"))


@pytest.mark.parametrize("is_absolute", [True, False])
def test_confirms_the_warning_page(site, tmp_path, is_absolute):
    source = drive_like(site, site.url("/download") if is_absolute else "/download")
    url, opener = resolve_drive(source)
    download(url, tmp_path / "f", sha256=hashlib.sha256(CONTENT).hexdigest(), config=QUICK, opener=opener)
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_small_files_come_at_once(site):
    site.pages["/download"] = Page(CONTENT, {"Content-Type": "application/octet-stream"})
    url, _ = resolve_drive(DriveSource(FILE_ID, site.url("/download")))
    assert url == site.url(f"/download?id={FILE_ID}&export=download")


def test_a_web_page_that_is_the_file_comes_at_once(site):
    site.pages["/download"] = Page(b"<html>", {**HTML, "Content-Disposition": "attachment; filename=a.html"})
    assert resolve_drive(DriveSource(FILE_ID, site.url("/download")))[0].endswith("export=download")


@pytest.mark.parametrize(
    ("page", "why"),
    [(QUOTA, "too often today"), ("<html></html>", "offers no download"), ("", "offers no download"),
     ("<form id='download-form'>", "offers no download")],
)  # fmt: skip
def test_pages_without_a_download_say_why(site, page, why):
    site.pages["/download"] = Page(page.encode(), HTML)
    with pytest.raises(DownloadError, match=f"{why}.*gaitway models add FILE"):
        resolve_drive(DriveSource(FILE_ID, site.url("/download")))


def test_unknown_file(site):
    with pytest.raises(DownloadError, match="404"):
        resolve_drive(DriveSource("x" * 33, site.url("/download")))


def test_the_form_may_not_leave_the_encrypted_or_the_web(site):
    source = drive_like(site, "file:///etc/hostname")
    with pytest.raises(DownloadError, match="not followed"):
        resolve_drive(source)


@pytest.mark.parametrize("file_id", ["", "../../etc", "a&b=c", "x" * 200])
def test_what_is_no_id(file_id):
    with pytest.raises(InputError, match="no Google Drive id"):
        resolve_drive(DriveSource(file_id))
