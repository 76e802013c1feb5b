"""A lasting gallery: enrol once, recognise for years, forget on request."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType

import numpy as np

from gaitway.adapters.gallery import (
    archive,
    audit,
    changes,
    erasure,
    facts,
    nearness,
    people,
    retention,
    seen,
    verify,
)
from gaitway.adapters.gallery.counts import count
from gaitway.adapters.gallery.database import Database, parse_url, shown
from gaitway.adapters.gallery.finder import Finder
from gaitway.adapters.gallery.migrate import migrate
from gaitway.adapters.gallery.records import (
    AuditLine,
    Cluster,
    Decided,
    Erasure,
    GalleryStats,
    Imported,
    Problem,
    Purged,
    SearchResult,
    Sighting,
    Subject,
    Template,
    Walk,
    Walks,
    listed,
)
from gaitway.adapters.gallery.schema import REVISION
from gaitway.adapters.gallery.sealing import check_seal, check_value, open_seal
from gaitway.adapters.gallery.walks import shown_id
from gaitway.errors import ConfigError, InputError
from gaitway.recognition.fpir import FpirTable


class Gallery:
    """A gallery of people, open; a context manager, safe to share between threads and processes.

    Every change is one transaction, on the disk before its method returns. Embeddings of different models
    never meet: a search looks only at templates of the probe's own model.

    Args:
        url: An SQLite file, made if absent, or a database url (postgresql://...).
        key: Key file of an encrypted gallery (``gaitway gallery key`` makes one); a new gallery is encrypted
            from its beginning or never.
        actor: Who works here, for the audit log; by default the operating system's user.
        metric: ``euc`` or ``cos``.
        create: Make the gallery where there is none yet.
        index: Where searches look, with the same answers: ``memory``; ``lance``, files beside the SQLite
            file, in bounded memory; or ``auto``: files from 500 000 templates on, where they can be.

    Raises:
        ConfigError: The url cannot be used, or names no gallery where none may be made; or an encrypted
            gallery, or one on a server, is asked for files.
        MissingExtraError: The database's driver, ``cryptography`` or ``lance`` is not installed.
        StoreError: The gallery cannot be opened: no permission, damaged, another key, a newer schema.

    Examples:
        >>> import tempfile
        >>> walk = Walk(np.ones((4, 8), np.float32), "model-1")
        >>> with tempfile.TemporaryDirectory() as folder, Gallery(f"{folder}/people.db") as gallery:
        ...     ada = gallery.enroll("Ada", walk)
        ...     gallery.search(walk)[0].candidates[0].name
        'Ada'
    """

    def __init__(
        self,
        url: str | Path,
        *,
        key: str | Path | None = None,
        actor: str | None = None,
        metric: str = "euc",
        create: bool = True,
        index: str = "auto",
    ) -> None:
        self._seal = open_seal(key)
        self._actor = actor or audit.who()
        self._database = Database(parse_url(url))
        self._finder = Finder(self._seal, metric, self._database.path, index)
        if not create and self._database.path is not None and not self._database.path.exists():
            raise ConfigError(
                f"there is no gallery {shown(self._database.url)}: name another, or enrol somebody"
            )
        try:
            migrate(self._database)
            self._check_key()
            erasure.resume(self._database, self._actor)
            retention.resume(self._database)
        except BaseException:
            self._database.close()
            raise

    def __enter__(self) -> Gallery:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the gallery's connections."""
        self._database.close()

    # People.

    def enroll(
        self, name: str, walks: Walks, *, notes: str | None = None, consent: str | None = None
    ) -> Subject:
        """Enrol walks of a person, new or known by this name.

        Raises:
            InputError: The name or a walk does not do.
            StoreError: The gallery cannot be written; nothing was changed.
        """
        told = {key: text for key, text in (("notes", notes), ("consent", consent)) if text is not None}
        with self._database.write() as connection:
            rows = changes.enroll(connection, self._seal, self._actor, {name: listed(walks)})
            (key,) = rows.values()
            people.describe(connection, key, **told)
            return people.get(connection, shown_id(key))

    def enroll_many(self, people_walks: Mapping[str, Walks]) -> int:
        """Enrol walks of many people in one transaction; return the number of templates.

        Raises: as ``enroll``.
        """
        given = {name: listed(walks) for name, walks in people_walks.items()}
        with self._database.write() as connection:
            changes.enroll(connection, self._seal, self._actor, given)
        return sum(len(walks) for walks in given.values())

    def list(self) -> tuple[Subject, ...]:
        """Return everybody, by name."""
        with self._database.read() as connection:
            return people.every(connection)

    def show(self, who: str) -> tuple[Subject, tuple[Template, ...]]:
        """Return a person, by name or id, and their templates.

        Raises:
            InputError: Nobody is called that.
        """
        with self._database.read() as connection:
            subject = people.get(connection, who)
            return subject, people.templates_of(connection, people.row_of(subject))

    def rename(
        self, who: str, name: str | None = None, *, notes: str | None = None, consent: str | None = None
    ) -> Subject:
        """Change a person's name, notes or consent.

        Raises:
            InputError: Nobody is called ``who``, or somebody else ``name``.
        """
        name = people.checked_name(name) if name is not None else None
        values = {"name": name, "notes": notes, "consent": consent}
        changed = {field: value for field, value in values.items() if value is not None}
        with self._database.write() as connection:
            return changes.rename(connection, self._actor, who, changed)

    def merge(self, who: str, into: str) -> Subject:
        """Make two people one: ``into`` takes over the templates, sightings and decisions of ``who``.

        Raises:
            InputError: Nobody is called that, or both are the same person.
        """
        with self._database.write() as connection:
            merged = changes.merge(connection, self._actor, who, into)
        self._database.flush_log()
        return merged

    def split(self, who: str, templates: Sequence[int], name: str) -> Subject:
        """Make some of a person's templates a new person.

        Raises:
            InputError: Nobody is called ``who``, somebody is called ``name``, or a template is not theirs.
        """
        with self._database.write() as connection:
            return changes.split(connection, self._actor, who, templates, name)

    def forget(self, who: str, folders: Iterable[str | Path] = ()) -> Erasure:
        """Erase a person everywhere: name, templates, sightings, and what gaitway wrote of them in folders.

        The gallery's files are then searched for what was erased. An erasure that was interrupted goes on
        when the gallery is opened next.

        Args:
            who: Name or id.
            folders: Output folders to look through, besides those the gallery knows of.

        Raises:
            InputError: Nobody is called that.
            StoreError: Something could not be erased.
        """
        return erasure.forget(self._database, self._seal, self._actor, who, [Path(f) for f in folders])

    # Search.

    def search(self, walks: Walks, k: int = 10) -> tuple[SearchResult, ...]:
        """Return the nearest people of each walk, exactly, nearest first.

        Raises:
            InputError: A walk does not do.
            IncompatibleModelsError: The model's embeddings have another shape here.
        """
        given = listed(walks)
        with self._database.read() as connection:
            results = self._finder.search(connection, given, k)
        with self._database.write() as connection:
            named = [r.candidates[0].subject_id for r in results if r.candidates]
            audit.append(connection, self._actor, "search", None, probes=len(given), nearest=named[:100])
        return results

    def preload(self) -> int:
        """Make the search index ready, as the first search would; return the number of templates."""
        with self._database.read() as connection:
            return self._finder.preload(connection)

    def embeddings(self, model_id: str, model_sha256: str = "") -> tuple[tuple[str, ...], np.ndarray]:
        """Return the names and embeddings (N, P, C) float16 of all templates of a model."""
        with self._database.read() as connection:
            return seen.embeddings(connection, self._seal, model_id, model_sha256)

    # What was seen.

    def record(self, walks: Sequence[Walk], decided: Sequence[Decided]) -> None:
        """Keep the tracks of a processed video and who they were decided to be.

        Args:
            walks: One per track.
            decided: One per walk.

        Raises:
            InputError: A person decided for is not in the gallery (any more).
        """
        if len(walks) != len(decided):
            raise InputError(f"{len(walks)} walks came with {len(decided)} decisions, wanted one each")
        with self._database.write() as connection:
            for walk, decision in zip(walks, decided, strict=True):
                seen.record(connection, self._seal, walk, decision)
            audit.append(connection, self._actor, "record", None, tracks=len(walks))

    def remember_output(self, folder: str | Path) -> None:
        """Note a folder where silhouettes and features were written; ``forget`` looks there."""
        with self._database.write() as connection:
            seen.remember_output(connection, Path(folder))

    def where(self, who: str) -> tuple[Sighting, ...]:
        """Return where a person appears over all processed videos, by video and frame.

        Raises:
            InputError: Nobody is called that.
        """
        with self._database.read() as connection:
            key = people.row_of(people.get(connection, who))
            return tuple(s for s in seen.latest(connection) if s.subject_id == shown_id(key))

    def sightings(self) -> tuple[Sighting, ...]:
        """Return every track seen, with the latest decision."""
        with self._database.read() as connection:
            return seen.latest(connection)

    def history(self, sighting: int) -> tuple[tuple[datetime, Decided], ...]:
        """Return who a seen track was decided to be over time, with distance and score, oldest first."""
        with self._database.read() as connection:
            return seen.history(connection, sighting)

    def cluster_unknown(self, max_distance: float | None = None, *, smallest: int = 1) -> tuple[Cluster, ...]:
        """Group the tracks without a name into likely people, the largest group first.

        Args:
            max_distance: Tracks of a group are at most this far apart on average; from the encoder's
                calibration when None.
            smallest: Leave out smaller groups.

        Raises:
            InputError: There is no calibration to take the distance from.
        """
        with self._database.read() as connection:
            return seen.clusters(connection, self._seal, max_distance, smallest, self._finder.metric)

    def name_sightings(self, ids: Sequence[int], name: str) -> Subject:
        """Enrol seen tracks as a person, new or known by this name, and note that a human said so.

        Raises:
            InputError: There is no such sighting.
        """
        with self._database.write() as connection:
            return changes.name_sightings(connection, self._seal, self._actor, ids, name)

    def purge(self, keep_s: float) -> Purged:
        """Erase tracks seen longer ago than ``keep_s`` seconds; enrolled people stay.

        So do their silhouettes and features in the folders that the gallery knows of; those of other tracks
        that are as old go, also of those that could not be recognised.

        Raises:
            StoreError: The gallery or a folder cannot be written.
        """
        return retention.purge(self._database, self._actor, keep_s)

    # The gallery itself.

    def export(self, path: str | Path) -> str:
        """Write everybody into a signed archive; return the signer's fingerprint."""
        with self._database.write() as connection:
            signer = archive.write(connection, self._seal, Path(path))
            audit.append(connection, self._actor, "export", None, signer=signer)
        return signer

    def import_(self, path: str | Path, signer: str | None = None, *, forgotten: bool = False) -> Imported:
        """Take in the people of an archive, all or none; templates that are here already are skipped.

        Args:
            path: The archive.
            signer: Fingerprint the archive must be signed by; any gallery's where None.
            forgotten: Bring back people who were forgotten here, too.

        Raises:
            InputError: The archive is damaged, not signed by ``signer``, or a name is somebody else's here.
        """
        content = archive.read(Path(path), self._seal, signer)
        with self._database.write() as connection:
            imported = archive.merge(connection, self._seal, content, forgotten=forgotten)
            facts.bump(connection, reshuffled=False)
            audit.append(
                connection, self._actor, "import", None, signer=content.signer, templates=imported.templates
            )
        return imported

    def verify(self) -> tuple[Problem, ...]:
        """Check the file, every template, the references and the audit log; return what is wrong."""
        with self._database.read() as connection:
            return tuple(verify.problems(connection, self._seal, is_sqlite=self._database.is_sqlite))

    def audit(self, last: int | None = None) -> tuple[AuditLine, ...]:
        """Return the audit log, oldest first."""
        with self._database.read() as connection:
            return audit.lines(connection, last)

    def stats(self) -> GalleryStats:
        """Return the gallery in numbers."""
        with self._database.read() as connection:
            return count(connection, self._database.files, encrypted=self._seal.name != "none")

    def calibrate(self, table: FpirTable) -> None:
        """Keep an encoder's calibration, in place of an older one."""
        with self._database.write() as connection:
            facts.put(connection, f"calibration:{table.model_id}", json.dumps(table.as_mapping()))
            audit.append(
                connection, self._actor, "calibrate", None, model=table.model_id, source=table.source
            )

    def calibration(self, model_id: str) -> FpirTable | None:
        """Return an encoder's calibration, or None."""
        with self._database.read() as connection:
            return nearness.calibration_of(connection, model_id)

    # Inside.

    def _check_key(self) -> None:
        with self._database.read() as connection:
            kept = facts.get(connection, "seal")
        if kept is None:
            with self._database.write() as connection:
                kept = facts.get(connection, "seal")
                if kept is None:
                    kept = check_value(self._seal)
                    facts.put(connection, "seal", kept)
                    facts.put(connection, "id", secrets.token_hex(8))
                    audit.append(connection, self._actor, "create", None, schema=REVISION)
        check_seal(self._seal, kept, shown(self._database.url))
