"""Full disks, damaged files, wrong keys, other schemas: one clear line, the old state intact."""

import contextlib
import os
import sqlite3
import stat
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import text

from gaitway.adapters.gallery import Gallery
from gaitway.adapters.gallery.database import Database, parse_url
from gaitway.adapters.gallery.migrate import migrate
from gaitway.adapters.gallery.schema import metadata
from gaitway.adapters.gallery.sealing import write_key
from gaitway.errors import ConfigError, GaitwayError, InputError, StoreError
from support.galleries import near, walk


def one_line(error):
    message = str(error.value)
    assert "\n" not in message
    assert "Traceback" not in message
    return message


@pytest.fixture
def filled(tmp_path):
    path = tmp_path / "people.db"
    with Gallery(path) as gallery:
        gallery.enroll("Ada", [walk(1), walk(2)])
        gallery.enroll("Ben", walk(3))
    return path


def test_a_full_disk_keeps_the_old_state(filled):
    with Gallery(filled) as gallery:
        pages = gallery._database._raw("PRAGMA page_count")[0]
        gallery._database._raw(f"PRAGMA max_page_count = {pages + 4}")
        before = gallery.list()
        with pytest.raises(StoreError, match="full") as error:
            gallery.enroll("Cleo", [walk(i) for i in range(900)])
        one_line(error)
        assert gallery.list() == before
        assert gallery.verify() == ()


@contextlib.contextmanager
def nobody_special():
    """Work without root's right to write everywhere."""
    if os.name != "posix":
        pytest.skip("needs users")
    before = os.geteuid()
    if not before:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_file_without_permission_is_told(filled, what):
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "kept"
        folder.mkdir()
        path = folder / "people.db"
        path.write_bytes(filled.read_bytes())
        before = path.read_bytes()
        Path(home).chmod(0o755)
        path.chmod(0o444 if what == "file" else 0o666)
        folder.chmod(0o777 if what == "file" else 0o555)
        try:
            with nobody_special(), pytest.raises(StoreError) as error, Gallery(path) as gallery:
                gallery.enroll("Cleo", walk(4))
        finally:
            folder.chmod(0o755)
        assert str(path) in one_line(error)
        assert path.read_bytes() == before


def test_a_database_that_may_only_be_read_is_told(filled):
    with Gallery(filled) as gallery:
        connection = gallery._database.engine.raw_connection()
        connection.cursor().execute("PRAGMA query_only = ON")
        connection.close()
        with pytest.raises(StoreError, match="only be read") as error:
            gallery.enroll("Cleo", walk(4))
        one_line(error)
        assert len(gallery.list()) == 2


@pytest.mark.parametrize("content", [b"I am a letter, not a gallery. " * 200, b"\0" * 5000])
def test_a_file_that_is_no_gallery_is_told_and_left(tmp_path, content):
    path = tmp_path / "letter.db"
    path.write_bytes(content)
    with pytest.raises(StoreError) as error:
        Gallery(path)
    assert "letter.db" in one_line(error)
    assert path.read_bytes() == content


def test_another_program_s_database_is_told_and_left(tmp_path):
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE orders (id)")
    connection.close()
    with pytest.raises(StoreError, match="something else"):
        Gallery(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("orders",)]
    connection.close()


def test_changed_bytes_are_found_by_verify_or_told(filled):
    content = bytearray(filled.read_bytes())
    from gaitway.adapters.gallery.walks import pack

    at = content.find(pack(walk(3).parts))
    assert at > 0
    content[at + 5] ^= 0x10
    filled.write_bytes(content)
    with Gallery(filled) as gallery:
        (problem,) = gallery.verify()
        assert problem.where.startswith("template")


@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.9])
def test_a_damaged_file_is_one_line_or_works(filled, part):
    content = bytearray(filled.read_bytes())
    start = int(len(content) * part) // 4096 * 4096
    content[start : start + 4096] = bytes(range(256)) * 16
    filled.write_bytes(content[: start + 8192])
    assert told(filled)
    assert all("\n" not in line for line in told(filled))


def told(path):
    """Return what a damaged gallery says of itself, by an error or by verify."""
    try:
        with Gallery(path) as gallery:
            gallery.list()
            return [problem.what for problem in gallery.verify()]
    except GaitwayError as error:
        return [str(error)]


def test_a_removed_or_changed_audit_line_shows(filled):
    for change in (
        "DELETE FROM audit WHERE seq = 2",
        "DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)",
        "UPDATE audit SET actor = 'nobody' WHERE seq = 2",
        "UPDATE audit SET details = '{}' WHERE seq = 2",
        "UPDATE audit SET at_s = at_s + 1 WHERE seq = 1",
    ):
        with Gallery(filled) as gallery:
            with gallery._database.engine.connect() as connection:
                connection.execute(text(change))
                assert list(
                    __import__("gaitway.adapters.gallery.audit", fromlist=["check"]).check(connection)
                ), change
                connection.rollback()
            assert gallery.verify() == ()


def test_a_newer_schema_is_told_and_left(filled):
    with sqlite3.connect(filled) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = filled.read_bytes()
    with pytest.raises(StoreError, match="newer gaitway") as error:
        Gallery(filled)
    one_line(error)
    assert filled.read_bytes() == before


def test_an_older_schema_is_migrated_or_left_as_it_was(tmp_path, filled):
    """A step after today's newest: what happens to today's galleries then."""
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    from gaitway.adapters.gallery.migrate import FOLDER

    for step in (FOLDER / "versions").glob("r*.py"):
        (folder / "versions" / step.name).write_text(step.read_text())
    bad = "import sqlalchemy as sa\nfrom alembic import op\nrevision='t2'\ndown_revision='0001'\n"
    bad += "def upgrade():\n    op.add_column('models', sa.Column('colour', sa.Text))\n    {then}\n"
    database = Database(parse_url(filled))
    (folder / "versions" / "t2.py").write_text(bad.format(then="op.execute('SELECT * FROM nothing')"))
    with pytest.raises(StoreError):
        migrate(database, folder, "t2")
    with Gallery(filled) as gallery:
        assert gallery.verify() == ()
        assert len(gallery.list()) == 2
    (folder / "versions" / "t2.py").write_text(bad.format(then="pass"))
    (folder / "versions" / "__pycache__").exists() and [
        p.unlink() for p in (folder / "versions" / "__pycache__").iterdir()
    ]
    migrate(database, folder, "t2")
    with database.read() as connection:
        assert connection.execute(text("SELECT colour FROM models")).all() == [(None,)]
    database.close()


def test_the_migrations_make_exactly_the_tables_of_the_code(url):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with Gallery(url) as gallery, gallery._database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_urls_that_cannot_be(tmp_path):
    for url in ("", "mysql://host/x", "postgresql://host:port/x", "sqlite://", "sqlite:///:memory:"):
        with pytest.raises(ConfigError) as error:
            Gallery(url)
        one_line(error)
    with pytest.raises(StoreError, match="folder exists"):
        Gallery(tmp_path / "no" / "folder" / "people.db")


class TestEncryption:
    @pytest.fixture(autouse=True)
    def _needs(self):
        pytest.importorskip("cryptography")

    @pytest.fixture
    def key(self, tmp_path):
        write_key(tmp_path / "key")
        return tmp_path / "key"

    def test_templates_are_unreadable_without_the_key(self, tmp_path, key):
        from gaitway.adapters.gallery.walks import pack

        with Gallery(tmp_path / "people.db", key=key) as gallery:
            gallery.enroll("Ada", walk(1))
            assert gallery.search(near(walk(1), 2))[0].candidates[0].name == "Ada"
            assert gallery.stats().encrypted
            files = b"".join(p.read_bytes() for p in tmp_path.iterdir())
        content = pack(walk(1).parts)
        assert not any(content[i : i + 8] in files for i in range(0, len(content) - 8, 2))

    def test_a_wrong_or_missing_key_is_told_and_changes_nothing(self, tmp_path, key):
        with Gallery(tmp_path / "people.db", key=key) as gallery:
            gallery.enroll("Ada", walk(1))
        write_key(tmp_path / "other")
        before = (tmp_path / "people.db").read_bytes()
        for wrong, words in ((None, "is encrypted"), (tmp_path / "other", "not that of the gallery")):
            with pytest.raises(StoreError, match=words) as error:
                Gallery(tmp_path / "people.db", key=wrong)
            one_line(error)
        assert (tmp_path / "people.db").read_bytes() == before
        with Gallery(tmp_path / "plain.db"):
            pass
        with pytest.raises(StoreError, match="not encrypted"):
            Gallery(tmp_path / "plain.db", key=key)

    def test_key_files(self, tmp_path, key):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        with pytest.raises(StoreError, match="never overwritten"):
            write_key(key)
        (tmp_path / "bad").write_bytes(b"\xff short")
        with pytest.raises(InputError, match="no key file"):
            Gallery(tmp_path / "people.db", key=tmp_path / "bad")
        with pytest.raises(StoreError):
            Gallery(tmp_path / "people.db", key=tmp_path / "nowhere")


class TestArchive:
    @pytest.fixture(autouse=True)
    def _needs(self):
        pytest.importorskip("cryptography")

    def test_an_archive_brings_everybody_back_once(self, tmp_path, filled):
        with Gallery(filled) as gallery:
            gallery.rename("Ada", notes="n", consent="c")
            signer = gallery.export(tmp_path / "a.zip")
            assert gallery.export(tmp_path / "b.zip") == signer
            people = gallery.list()
            shown = gallery.show("Ada")[1]
        with Gallery(tmp_path / "copy.db") as copy:
            first = copy.import_(tmp_path / "a.zip", signer=signer)
            again = copy.import_(tmp_path / "b.zip")
            assert (first.subjects, first.templates, first.skipped) == (2, 3, 0)
            assert (again.subjects, again.templates, again.skipped) == (0, 0, 3)
            assert [(s.id, s.name, s.notes, s.consent) for s in copy.list()] == [
                (s.id, s.name, s.notes, s.consent) for s in people
            ]
            assert [t.created for t in copy.show("Ada")[1]] == [t.created for t in shown]
            assert copy.search(walk(3))[0].candidates[0].distance < 0.01
            assert copy.verify() == ()

    def test_changed_cut_or_foreign_archives_are_refused_whole(self, tmp_path, filled):
        with Gallery(filled) as gallery:
            gallery.export(tmp_path / "a.zip")
        content = (tmp_path / "a.zip").read_bytes()
        with Gallery(tmp_path / "copy.db") as copy:
            for at in range(40, len(content), max(len(content) // 60, 1)):
                (tmp_path / "x.zip").write_bytes(
                    content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1 :]
                )
                with contextlib.suppress(GaitwayError):
                    copy.import_(
                        tmp_path / "x.zip", forgotten=True
                    )  # a byte of the zip's own may mean nothing, as its date
                assert sum(s.templates for s in copy.list()) in (0, 3)
                assert copy.verify() == ()
                for subject in copy.list():
                    copy.forget(subject.id)
            for bad in (content[:-30], b"", b"PK"):
                (tmp_path / "x.zip").write_bytes(bad)
                with pytest.raises(InputError):
                    copy.import_(tmp_path / "x.zip")
            with pytest.raises(InputError, match="signed by"):
                copy.import_(tmp_path / "a.zip", signer="0" * 32)

    def test_the_forgotten_stay_forgotten(self, tmp_path, filled):
        with Gallery(filled) as gallery:
            gallery.export(tmp_path / "a.zip")
            gallery.forget("Ada")
            again = gallery.import_(tmp_path / "a.zip")
            assert (again.subjects, again.forgotten) == (0, 1)
            assert [s.name for s in gallery.list()] == ["Ben"]
            assert gallery.import_(tmp_path / "a.zip", forgotten=True).subjects == 1

    def test_a_name_of_somebody_else_stops_the_whole_import(self, tmp_path, filled):
        with Gallery(filled) as gallery:
            gallery.export(tmp_path / "a.zip")
        with Gallery(tmp_path / "copy.db") as copy:
            copy.enroll("Ben", walk(9))
            with pytest.raises(InputError, match="somebody else"):
                copy.import_(tmp_path / "a.zip")
            assert [s.name for s in copy.list()] == ["Ben"]

    def test_an_encrypted_gallery_s_archive_stays_encrypted(self, tmp_path):
        from gaitway.adapters.gallery.walks import pack

        write_key(tmp_path / "key")
        with Gallery(tmp_path / "people.db", key=tmp_path / "key") as gallery:
            gallery.enroll("Ada", walk(1))
            gallery.export(tmp_path / "a.zip")
        assert pack(walk(1).parts)[:16] not in (tmp_path / "a.zip").read_bytes()
        with Gallery(tmp_path / "plain.db") as plain, pytest.raises(InputError, match="same key"):
            plain.import_(tmp_path / "a.zip")
        with Gallery(tmp_path / "copy.db", key=tmp_path / "key") as copy:
            assert copy.import_(tmp_path / "a.zip").templates == 1
