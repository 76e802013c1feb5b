"""Changes of people, as statements inside the caller's transaction, with their line in the audit log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from gaitway.adapters.gallery import audit, facts, people, seen
from gaitway.adapters.gallery.records import Subject, Walk
from gaitway.adapters.gallery.sealing import Seal
from gaitway.adapters.gallery.walks import shown_id
from gaitway.errors import InputError


def enroll(
    connection: Connection, seal: Seal, actor: str, walks: Mapping[str, Sequence[Walk]]
) -> dict[str, int]:
    """Enrol walks by name; return the row of each name.

    Raises:
        InputError: A name does not do, or has no walk.
    """
    given = {people.checked_name(name): theirs for name, theirs in walks.items()}
    empty = next((name for name, theirs in given.items() if not theirs), None)
    if empty is not None:
        raise InputError(f"no walk of {empty!r} was given, wanted at least one")
    rows = people.rows_for(connection, list(given))
    people.add_templates(connection, {rows[name]: theirs for name, theirs in given.items()}, seal)
    facts.bump(connection, reshuffled=False)
    done = [(rows[name], {"templates": len(theirs)}) for name, theirs in given.items()]
    audit.extend(connection, actor, "enroll", done)
    return rows


def rename(connection: Connection, actor: str, who: str, changed: Mapping[str, str]) -> Subject:
    """Change a person's name, notes or consent."""
    subject = people.get(connection, who)
    other = people.find(connection, changed["name"]) if "name" in changed else None
    if other is not None and other.id != subject.id:
        raise InputError(f"somebody else is called {other.name!r}: choose another name, or merge the two")
    people.describe(connection, people.row_of(subject), **changed)
    audit.append(connection, actor, "rename", people.row_of(subject), fields=sorted(changed))
    return people.get(connection, subject.id)


def merge(connection: Connection, actor: str, who: str, into: str) -> Subject:
    """Make two people one."""
    source, target = people.get(connection, who), people.get(connection, into)
    if source.id == target.id:
        raise InputError(f"{who!r} and {into!r} are one person already")
    key = people.row_of(target)
    people.move_templates(connection, people.row_of(source), key)
    seen.move(connection, people.row_of(source), key)
    people.erase(connection, people.row_of(source))
    facts.bump(connection, reshuffled=True)
    audit.append(connection, actor, "merge", key, of=source.id, templates=source.templates)
    return people.get(connection, target.id)


def split(connection: Connection, actor: str, who: str, templates: Sequence[int], name: str) -> Subject:
    """Make some of a person's templates a new person."""
    name, source = people.checked_name(name), people.get(connection, who)
    if people.find(connection, name) is not None:
        raise InputError(f"somebody is called {name!r} already: choose another name")
    theirs = {t.id for t in people.templates_of(connection, people.row_of(source))}
    if not templates or not theirs.issuperset(templates):
        raise InputError(f"{source.name!r} has the templates {sorted(theirs)}: name some of these")
    key = people.make(connection, name)
    people.move_templates(connection, people.row_of(source), key, templates)
    seen.decide(connection, seen.of_templates(connection, templates), key)
    facts.bump(connection, reshuffled=True)
    audit.append(connection, actor, "split", key, of=source.id, templates=len(templates))
    return people.get(connection, shown_id(key))


def name_sightings(connection: Connection, seal: Seal, actor: str, ids: Sequence[int], name: str) -> Subject:
    """Enrol seen tracks as a person, and note that a human said so."""
    walks = seen.walks_of(connection, seal, ids)
    (key,) = people.rows_for(connection, [people.checked_name(name)]).values()
    people.add_templates(connection, {key: walks}, seal)
    seen.decide(connection, ids, key)
    facts.bump(connection, reshuffled=False)
    audit.append(connection, actor, "name", key, sightings=len(ids))
    return people.get(connection, shown_id(key))
