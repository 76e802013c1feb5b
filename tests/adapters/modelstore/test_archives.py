import stat
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaitway.adapters.modelstore.archives import ArchiveConfig, extract, open_zip
from gaitway.errors import ModelFileError
from gaitway.packs import ModelFile


def write(path, *entries):
    """Write (name or ZipInfo, content) entries, in the order given, repeated names too."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, content in entries:
            archive.writestr(entry, content)
    return path


def take(path, *files, config=None):
    folder = path.parent / "out"
    folder.mkdir(exist_ok=True)
    with open_zip(path, path.name, config) as archive:
        extract(archive, files, folder)
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*")}


def test_takes_only_what_is_asked_for_flat(tmp_path):
    path = write(tmp_path / "a.zip", ("deep/er/a.bin", b"A"), ("deep/b.bin", b"B"), ("c.bin", b"C"))
    assert take(path, ModelFile("x.bin", None, "deep/er/a.bin"), ModelFile("b.bin")) == {
        "x.bin": b"A",
        "b.bin": b"B",
    }


def test_the_exact_path_wins_over_the_name(tmp_path):
    path = write(tmp_path / "a.zip", ("one/a.bin", b"1"), ("two/a.bin", b"2"))
    assert take(path, ModelFile("a.bin", None, "two/a.bin")) == {"a.bin": b"2"}


def test_an_ambiguous_name_is_refused(tmp_path):
    path = write(tmp_path / "a.zip", ("one/a.bin", b"1"), ("two/a.bin", b"2"))
    with pytest.raises(ModelFileError, match=r"2 files called 'a\.bin'"):
        take(path, ModelFile("a.bin"))


def test_an_absent_member_is_refused(tmp_path):
    with pytest.raises(ModelFileError, match=r"0 files called 'b\.bin'"):
        take(write(tmp_path / "a.zip", ("a.bin", b"1")), ModelFile("b.bin"))


@pytest.mark.parametrize(
    "name",
    [
        "../a.bin",
        "x/../../a.bin",
        "/a.bin",
        "//a.bin",
        "C:/a.bin",
        "C:a.bin",
        "x\\..\\a.bin",
        "\\\\host\\a.bin",
        "..",
    ],
)
def test_paths_that_leave_the_folder_are_refused(tmp_path, name):
    path = write(tmp_path / "a.zip", ("a.bin", b"good"), (name, b"bad"))
    with pytest.raises(ModelFileError, match=r"a\.zip is refused: its entry"):
        take(path, ModelFile("a.bin"))
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a.zip", "out"]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFBLK, stat.S_IFSOCK])
def test_links_and_devices_are_refused(tmp_path, kind):
    entry = zipfile.ZipInfo("a.bin")
    entry.external_attr = (kind | 0o644) << 16
    with pytest.raises(ModelFileError, match="link or a device"):
        take(write(tmp_path / "a.zip", (entry, b"/etc/passwd")), ModelFile("a.bin"))


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("other", ["a.bin", "A.BIN"])
def test_repeated_names_are_refused(tmp_path, other):
    with pytest.raises(ModelFileError, match="appears twice"):
        take(write(tmp_path / "a.zip", ("a.bin", b"1"), (other, b"2")), ModelFile("a.bin"))


def test_bombs_are_refused_by_ratio(tmp_path):
    path = write(tmp_path / "a.zip", ("a.bin", b"\0" * 5_000_000))
    with pytest.raises(ModelFileError, match="bomb"):
        take(path, ModelFile("a.bin"), config=ArchiveConfig(ratio_from_bytes=1_000_000))
    assert len(take(path, ModelFile("a.bin"))["a.bin"]) == 5_000_000  # small ones do no harm


def test_bombs_are_refused_by_size_and_by_number(tmp_path):
    path = write(tmp_path / "a.zip", *((f"{i}.bin", bytes(100)) for i in range(20)))
    with pytest.raises(ModelFileError, match="unpacks to 2000 bytes"):
        take(path, config=ArchiveConfig(max_bytes=1999))
    with pytest.raises(ModelFileError, match="20 entries"):
        take(path, config=ArchiveConfig(max_entries=19))


def test_an_entry_longer_than_its_listing_is_refused(tmp_path):
    content = bytes(range(256)) * 64
    path = write(tmp_path / "a.zip", ("a.bin", content))
    raw = path.read_bytes()
    size, lie = len(content).to_bytes(4, "little"), (100).to_bytes(4, "little")
    assert raw.count(size) >= 2  # local header and listing
    path.write_bytes(raw.replace(size, lie))
    with pytest.raises(ModelFileError):  # zipfile itself reads no further than the listing says
        take(path, ModelFile("a.bin"))


@given(cut=st.integers(1, 300))
def test_truncated_zips_are_refused(tmp_path_factory, cut):
    path = write(tmp_path_factory.mktemp("zip") / "a.zip", ("a.bin", bytes(range(256))))
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(ModelFileError, match="no whole zip"):
        take(path, ModelFile("a.bin"))


def test_damaged_content_is_refused(tmp_path):
    path = write(tmp_path / "a.zip", ("a.bin", bytes(range(256)) * 10))
    raw = bytearray(path.read_bytes())
    raw[60] ^= 0xFF
    path.write_bytes(raw)
    with pytest.raises(ModelFileError):
        take(path, ModelFile("a.bin"))


def test_encrypted_entries_are_refused(tmp_path):
    path = write(tmp_path / "a.zip", ("a.bin", b"1"))
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)
    with pytest.raises(ModelFileError, match="encrypted"):
        take(path, ModelFile("a.bin"))
