"""A gallery as one file to carry away: a zip of safetensors and json, every part hashed, the whole signed.

gaitway-gallery.json    format, gallery, hashes of the other parts
people.json             names, notes, consent, and every template's origin
templates.safetensors   embeddings, per model (N, P, C) float16; encrypted where the gallery is
signature.json          Ed25519 over the first part
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors
from sqlalchemy import Connection, insert, select

from gaitway.adapters.gallery import audit, facts, people
from gaitway.adapters.gallery.records import Imported, Walk
from gaitway.adapters.gallery.schema import models, persons, templates
from gaitway.adapters.gallery.sealing import Seal
from gaitway.adapters.gallery.signing import fingerprint, is_signed, sign
from gaitway.adapters.gallery.walks import context, model_row, unpack, walk_values
from gaitway.errors import InputError
from gaitway.files import atomic_file, translated

FORMAT = 1
_HEAD, _PEOPLE, _TENSORS, _SIGNATURE = (
    "gaitway-gallery.json", "people.json", "templates.safetensors", "signature.json"
)  # fmt: skip
_PARTS = (_HEAD, _PEOPLE, _TENSORS, _SIGNATURE)
_ORIGIN = (
    "video", "video_sha256", "track_id", "first_frame", "last_frame", "frames", "quality", "view_deg"
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """What a checked archive holds."""

    people: tuple[Mapping[str, Any], ...]
    models: tuple[Mapping[str, Any], ...]
    tensors: Mapping[str, np.ndarray]
    signer: str


def write(connection: Connection, seal: Seal, path: Path) -> str:
    """Write the archive; return the signer's fingerprint.

    Raises:
        MissingExtraError: ``cryptography`` is not installed.
        StoreError: The file cannot be written.
    """
    tensors, described = _tensors(connection, seal)
    packed = seal.seal(save_tensors(tensors), b"archive")
    everybody = json.dumps({"models": described, "people": _people(connection, described)}, indent=1).encode()
    head = {
        "format": FORMAT,
        "gallery": facts.get(connection, "id"),
        "seal": seal.name,
        "sha256": {_PEOPLE: _digest(everybody), _TENSORS: _digest(packed)},
    }
    signed = json.dumps(head, indent=1, sort_keys=True).encode()
    signature = sign(connection, signed)
    parts = (signed, everybody, packed, json.dumps(signature).encode())
    with translated("write", path), atomic_file(path) as file, zipfile.ZipFile(file, "w") as archive:
        for name, content in zip(_PARTS, parts, strict=True):
            archive.writestr(zipfile.ZipInfo(name), content)
    return fingerprint(signature["public_key"])


def read(path: Path, seal: Seal, signer: str | None) -> Content:
    """Return what an archive holds, once its signature and hashes are checked.

    Raises:
        InputError: It is no archive, damaged, of a newer format, or signed by somebody else.
        StoreError: It cannot be read, or is encrypted under another key.
    """
    parts = _members(path)
    try:
        head, everybody = json.loads(parts[_HEAD]), json.loads(parts[_PEOPLE])
        signature = json.loads(parts[_SIGNATURE])
        if int(head["format"]) > FORMAT:
            raise InputError(
                f"{path} has format {head['format']}, wanted up to {FORMAT}: use a newer gaitway"
            )
        public_key, is_good = str(signature["public_key"]), is_signed(signature, parts[_HEAD])
        digests = dict(head["sha256"])
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(path) from error
    if not is_good or any(_digest(parts[name]) != digests.get(name) for name in (_PEOPLE, _TENSORS)):
        raise _damaged(path)
    if signer is not None and fingerprint(public_key) != signer:
        raise InputError(f"{path} is signed by {fingerprint(public_key)}, wanted {signer}: do not trust it")
    if head["seal"] != seal.name:
        raise InputError(
            f"{path} is {'not ' if head['seal'] == 'none' else ''}encrypted and this gallery the other way "
            "round: import it into a gallery with the same key"
        )
    tensors = load_tensors(seal.unseal(parts[_TENSORS], b"archive"))
    return Content(tuple(everybody["people"]), tuple(everybody["models"]), tensors, fingerprint(public_key))


def merge(connection: Connection, seal: Seal, content: Content, *, forgotten: bool) -> Imported:
    """Add an archive's people and templates; what is here already is skipped.

    People who were forgotten here stay forgotten, unless ``forgotten`` says otherwise.

    Raises:
        InputError: A name is somebody else's here.
    """
    known_walks = _known_walks(connection, seal)
    new_people = added = skipped = barred = 0
    gone = set() if forgotten else audit.subjects(connection, "forget")
    for person in content.people:
        if int(str(person["id"]), 16) in gone:
            barred += 1
            continue
        known = people.find(connection, str(person["id"]))
        key = int(str(person["id"]), 16)
        if known is None:
            other = people.find(connection, str(person["name"]))
            if other is not None:
                raise InputError(
                    f"{other.name!r} is somebody else here (another id): rename one of the two first"
                )
            name = people.checked_name(str(person["name"]))
            people.make(connection, name, str(person["notes"]), str(person["consent"]), key)
            new_people += 1
        for origin in person["templates"]:
            walk = _walk(content, origin)
            identity = _digest(walk.parts.astype(np.float16).tobytes())
            if (key, identity) in known_walks:
                skipped += 1
                continue
            values = walk_values(walk, model_row(connection, walk), seal, float(origin["created_s"]))
            connection.execute(insert(templates).values(subject_id=key, **values))
            known_walks.add((key, identity))
            added += 1
    return Imported(new_people, added, skipped, barred, content.signer)


def _tensors(connection: Connection, seal: Seal) -> tuple[dict[str, np.ndarray], list[dict[str, Any]]]:
    """Return the embeddings per model, and the models with the rows of their templates."""
    tensors: dict[str, np.ndarray] = {}
    described: list[dict[str, Any]] = []
    for model in connection.execute(select(models).order_by(models.c.id)).all():
        query = select(templates.c.id, templates.c.embedding).where(templates.c.model_id == model.id)
        rows = connection.execute(query.order_by(templates.c.id)).all()
        bound = context(model.name, model.sha256)
        if rows:
            walks = [unpack(seal.unseal(r.embedding, bound), model.parts, model.channels) for r in rows]
            tensors[str(len(described))] = np.stack(walks)
            described.append({"name": model.name, "sha256": model.sha256, "rows": [r.id for r in rows]})
    return tensors, described


def _people(connection: Connection, described: list[dict[str, Any]]) -> list[dict[str, Any]]:
    place = {
        row: (number, at)
        for number, entry in enumerate(described)
        for at, row in enumerate(entry.pop("rows"))
    }
    everybody: dict[int, dict[str, Any]] = {}
    for row in connection.execute(select(persons).order_by(persons.c.name)):
        fields = {"name": row.name, "notes": row.notes, "consent": row.consent}
        everybody[row.subject_id] = {"id": f"{row.subject_id:016x}", **fields, "templates": []}
    columns = (
        templates.c.id,
        templates.c.subject_id,
        templates.c.created_s,
        *(templates.c[n] for n in _ORIGIN),
    )
    for row in connection.execute(select(*columns).order_by(templates.c.id)):
        model, at = place[row.id]
        origin = {name: getattr(row, name) for name in (*_ORIGIN, "created_s")}
        everybody[row.subject_id]["templates"].append({"model": model, "row": at, **origin})
    return list(everybody.values())


def _known_walks(connection: Connection, seal: Seal) -> set[tuple[int, str]]:
    query = select(templates.c.subject_id, templates.c.embedding, models.c.name, models.c.sha256).join_from(
        templates, models
    )
    return {
        (row.subject_id, _digest(seal.unseal(row.embedding, context(row.name, row.sha256))))
        for row in connection.execute(query)
    }


def _walk(content: Content, origin: Mapping[str, Any]) -> Walk:
    model = content.models[int(origin["model"])]
    parts = content.tensors[str(origin["model"])][int(origin["row"])].astype(np.float32)
    return Walk(parts, str(model["name"]), str(model["sha256"]), **{name: origin[name] for name in _ORIGIN})


def _members(path: Path) -> dict[str, bytes]:
    """Return the archive's parts, which are stored as they are: nothing in it can swell."""
    with translated("read", path):
        try:
            with zipfile.ZipFile(path) as archive:
                members = {info.filename: info for info in archive.infolist()}
                if set(members) != set(_PARTS) or any(
                    m.compress_type != zipfile.ZIP_STORED for m in members.values()
                ):
                    raise _damaged(path)
                return {name: archive.read(name) for name in _PARTS}
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            raise _damaged(path) from error


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _damaged(path: Path) -> InputError:
    return InputError(f"{path} is no gallery archive, or was changed since it was signed: export it again")
