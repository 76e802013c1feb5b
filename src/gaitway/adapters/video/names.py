"""Safe, readable names for inputs: what a video is called in results, folders and files."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from gaitway.adapters.video.kinds import SourceKind, kind_of

_MAX_BYTES = 100  # two names, "G-", "_P-" and ".mp4" must fit the 255 bytes file systems allow
_FORBIDDEN = frozenset('<>:"/\\|?*')  # Windows' list; a superset of POSIX's
_JOINERS = frozenset("\u200c\u200d")  # format characters that belong to words (Persian, Indic, emoji)
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE)


def video_name(source: str | Path) -> str:
    """Return the name of an input: its file name without the last extension, made safe.

    Spaces and letters of every script stay, in Unicode form C. The result is one plain path component on
    every system: no separators, control characters, leading dots, ``..`` or names that Windows reserves, at
    most 100 bytes. A url gives its host and path, never its user, password or query.

    Examples:
        >>> video_name("walks/clip.v1.mp4")
        'clip.v1'
        >>> video_name("rtsp://user:secret@10.0.0.7:554/door/main?key=1")
        '10.0.0.7_door_main'
        >>> video_name("../..")
        'video'
    """
    return _safe(_raw_name(str(source)))


def unique_names(sources: list[str]) -> list[str]:
    """Return one name per input, all different also where case does not count, in the inputs' order.

    Inputs of one name are told apart by their folders (``cam1_walk``, ``cam2_walk``), then by their
    extension, then by a hash of the source. So a name depends on which inputs there are, not on their order;
    only the very same input given twice is numbered.

    Examples:
        >>> unique_names(["cam1/walk.mp4", "cam2/walk.mp4", "else.mp4"])
        ['cam1_walk', 'cam2_walk', 'else']
    """
    names = [video_name(s) for s in sources]
    for spell in (_with_parent, _with_grandparent, _with_extension, _with_hash):
        names = _respell_clashes(sources, names, spell)
    seen: Counter[str] = Counter()
    out: list[str] = []
    for name in names:
        seen[_key(name)] += 1
        count = seen[_key(name)]
        out.append(name if count == 1 else _safe(f"{name}-{count}"))
    if len({_key(n) for n in out}) < len(out):  # "a-2" was itself an input's name
        return [_safe(f"{i:03d}-{n}") for i, n in enumerate(names, start=1)]
    return out


def _respell_clashes(sources: list[str], names: list[str], spell: Callable[[str], str]) -> list[str]:
    """Return ``names`` where those of different sources that clash are spelled more fully."""
    owners: dict[str, set[str]] = {}
    for source, name in zip(sources, names, strict=True):
        owners.setdefault(_key(name), set()).add(source)
    return [
        spell(source) if len(owners[_key(name)]) > 1 else name
        for source, name in zip(sources, names, strict=True)
    ]


def _with_parent(source: str, levels: int = 1) -> str:
    if kind_of(source) is not SourceKind.FILE:
        return video_name(source)
    parents = [p.name for p in Path(source).absolute().parents[:levels] if p.name]
    return _safe("_".join([*reversed(parents), _raw_name(source)]))


def _with_grandparent(source: str) -> str:
    return _with_parent(source, levels=2)


def _with_extension(source: str) -> str:
    extension = Path(source).suffix if kind_of(source) is SourceKind.FILE else ""
    return _safe(_with_grandparent(source) + extension)


def _with_hash(source: str) -> str:
    return _safe(f"{video_name(source)}-{_digest(source)}")


def _raw_name(source: str) -> str:
    kind = kind_of(source)
    if kind is SourceKind.CAMERA:
        return source.replace("camera:", "camera-").replace("/dev/", "")
    if kind is SourceKind.URL:
        parts = urlsplit(source)
        return "_".join([parts.hostname or "", *filter(None, unquote(parts.path).split("/"))])
    path = Path(source)
    if not path.name or path.name == "..":
        return ""
    return path.name if path.is_dir() else path.stem


def _safe(name: str) -> str:
    name = unicodedata.normalize("NFC", name)
    name = "".join(_safe_character(c) for c in name)
    name = name.strip().lstrip(". ").rstrip(". ")
    if not name:
        return "video"
    if _RESERVED.match(name):
        name = f"_{name}"
    return _shortened(name)


def _safe_character(character: str) -> str:
    if character in _JOINERS:
        return character
    if character in _FORBIDDEN or unicodedata.category(character) in _HIDDEN_CATEGORIES:
        return "_"
    return character


def _shortened(name: str) -> str:
    """Return ``name`` cut to the byte limit; a hash of the whole keeps long names apart."""
    raw = name.encode()
    if len(raw) <= _MAX_BYTES:
        return name
    head = raw[: _MAX_BYTES - 9].decode(errors="ignore").rstrip(". ")
    return f"{head}-{_digest(name)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:8]


def _key(name: str) -> str:
    """Return what a file system that ignores case and normal form sees."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKD", name).casefold())
