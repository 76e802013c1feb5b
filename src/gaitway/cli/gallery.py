"""gaitway gallery: list, show, rename, merge, split, forget, and the rest of a lasting gallery's life."""

from __future__ import annotations

import dataclasses
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from gaitway.adapters.gallery import Sighting, Subject
from gaitway.adapters.gallery.sealing import write_key
from gaitway.errors import ConfigError, InputError, StoreError

app = typer.Typer(
    help="Look after the gallery: people, templates, sightings, audit log.", no_args_is_help=True
)

Url = Annotated[
    str,
    typer.Option(
        "--gallery",
        "-g",
        envvar="GAITWAY_GALLERY",
        help="SQLite file, or postgresql:// url.",
        show_default=True,
    ),
]
Key = Annotated[
    Path | None, typer.Option("--key", envvar="GAITWAY_KEY", help="Key file of an encrypted gallery.")
]
Index = Annotated[
    str,
    typer.Option(
        "--index",
        envvar="GAITWAY_INDEX",
        help="Where to search: memory; lance, files beside the gallery; or auto, by size.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Who = Annotated[str, typer.Argument(help="Name or id.")]
DEFAULT = "gallery.db"

_UNITS = {"m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


def opened(url: str, key: Path | None, *, create: bool = False, index: str = "auto") -> Any:
    """Open the ``Gallery`` that a command works on."""
    from gaitway.adapters.gallery.gallery import Gallery  # SQLAlchemy takes a while to load

    return Gallery(url, key=key, create=create, index=index)


def seconds_of(text: str) -> float:
    """Return a time like 30d in seconds.

    Examples:
        >>> seconds_of("30d"), seconds_of("12h")
        (2592000.0, 43200.0)
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([mhdw])", text.strip())
    if not found:
        raise ConfigError(f"{text!r} is no time span, wanted a number with m, h, d or w: for example 30d")
    return float(found[1]) * _UNITS[found[2]]


def as_json(value: Any) -> str:
    """Return records as JSON."""

    def plain(item: Any) -> Any:
        if dataclasses.is_dataclass(item) and not isinstance(item, type):
            return {f.name: getattr(item, f.name) for f in dataclasses.fields(item)}
        return item.isoformat() if isinstance(item, datetime) else str(item)

    return json.dumps(value, default=plain, indent=2, ensure_ascii=False)


@app.command("list")
def list_people(gallery: Url = DEFAULT, key: Key = None, as_json_: AsJson = False) -> None:
    """Show everybody."""
    with opened(gallery, key) as store:
        people = store.list()
    if as_json_:
        typer.echo(as_json(people))
        return
    for subject in people:
        typer.echo(_line(subject))
    typer.echo(f"{len(people)} people")


@app.command()
def show(who: Who, gallery: Url = DEFAULT, key: Key = None, as_json_: AsJson = False) -> None:
    """Show a person, their templates and where they appear."""
    with opened(gallery, key) as store:
        subject, templates = store.show(who)
        places = store.where(who)
    if as_json_:
        typer.echo(as_json({"subject": subject, "templates": templates, "sightings": places}))
        return
    typer.echo(_line(subject))
    for label, text in (("notes", subject.notes), ("consent", subject.consent)):
        if text:
            typer.echo(f"  {label}: {text}")
    for t in templates:
        typer.echo(
            f"  template {t.id}: {t.video} track {t.track_id}, {t.frames} frames, quality {t.quality:.2f}, "
            f"{t.model_id}, {t.created:%Y-%m-%d}"
        )
    for place in places:
        typer.echo(f"  {_place(place)}")


@app.command()
def where(who: Who, gallery: Url = DEFAULT, key: Key = None, as_json_: AsJson = False) -> None:
    """Say where a person appears over all searched videos."""
    with opened(gallery, key) as store:
        places = store.where(who)
    if as_json_:
        typer.echo(as_json(places))
        return
    for place in places:
        typer.echo(_place(place))
    if not places:
        typer.echo("nowhere so far")


@app.command()
def rename(
    who: Who,
    name: Annotated[str | None, typer.Argument(help="The new name.")] = None,
    *,
    notes: Annotated[str | None, typer.Option(help="Free text.")] = None,
    consent: Annotated[str | None, typer.Option(help="What they agreed to.")] = None,
    gallery: Url = DEFAULT,
    key: Key = None,
) -> None:
    """Change a person's name, notes or consent."""
    with opened(gallery, key) as store:
        typer.echo(_line(store.rename(who, name, notes=notes, consent=consent)))


@app.command()
def merge(
    who: Who,
    into: Annotated[str, typer.Argument(help="Name or id of the person that remains.")],
    gallery: Url = DEFAULT,
    key: Key = None,
) -> None:
    """Make two people one."""
    with opened(gallery, key) as store:
        typer.echo(_line(store.merge(who, into)))


@app.command()
def split(
    who: Who,
    name: Annotated[str, typer.Argument(help="Name of the new person.")],
    template: Annotated[list[int], typer.Option("--template", "-t", help="Template to move; repeatable.")],
    gallery: Url = DEFAULT,
    key: Key = None,
) -> None:
    """Make some of a person's templates a new person."""
    with opened(gallery, key) as store:
        typer.echo(_line(store.split(who, template, name)))


@app.command()
def forget(
    who: Who,
    folder: Annotated[
        list[Path] | None, typer.Option("--folder", help="Output folder to look through too; repeatable.")
    ] = None,
    gallery: Url = DEFAULT,
    key: Key = None,
) -> None:
    """Erase a person everywhere: name, templates, sightings, silhouettes, features, reports."""
    with opened(gallery, key) as store:
        erasure = store.forget(who, folder or ())
    gone = f"{erasure.templates} templates, {erasure.sightings} sightings, {erasure.files} files"
    typer.echo(f"forgotten: {gone}")
    if erasure.proven:
        typer.echo(f"checked: none of their bytes is left in the gallery's {erasure.searched_bytes} bytes")
    else:
        typer.echo("not checked: a database server's files, logs and backups are out of reach from here")
    if erasure.exports:
        typer.echo(f"{erasure.exports} archives were exported meanwhile and still hold them: erase those too")
    if erasure.shared:
        typer.echo(f"{erasure.shared} embeddings stay: the same tracks are enrolled as another person, too")
    if erasure.name_elsewhere:
        typer.echo(
            f"the name itself still stands {erasure.name_elsewhere} times, as in a longer name or a note"
        )


@app.command()
def unknown(
    distance: Annotated[
        float | None,
        typer.Option(help="Mean distance within a group; by default from the encoder's calibration."),
    ] = None,
    gallery: Url = DEFAULT,
    key: Key = None,
    as_json_: AsJson = False,
) -> None:
    """Group the tracks without a name into likely people, to name them with 'gallery name'."""
    with opened(gallery, key) as store:
        groups = store.cluster_unknown(distance)
        seen = {sighting.id: sighting for sighting in store.sightings()}
    if as_json_:
        typer.echo(as_json(groups))
        return
    for number, group in enumerate(groups, 1):
        typer.echo(f"person {number}:")
        for sighting in group.sightings:
            typer.echo(f"  {_span(seen[sighting])}")
    if groups:
        ids = " ".join(str(i) for i in groups[0].sightings)
        typer.echo(f"to name one: gaitway gallery name NAME {ids}")
    if not groups:
        typer.echo("no unknown tracks")


@app.command()
def history(
    sighting: Annotated[int, typer.Argument(help="Sighting, as 'gallery where' and 'unknown' list them.")],
    gallery: Url = DEFAULT,
    key: Key = None,
    as_json_: AsJson = False,
) -> None:
    """Say who a track was decided to be over time, and on what evidence."""
    with opened(gallery, key) as store:
        decided = store.history(sighting)
        names = {subject.id: subject.name for subject in store.list()}
    if not decided:
        raise InputError(f"there is no sighting {sighting}: see 'gaitway gallery unknown' and 'where'")
    if as_json_:
        typer.echo(as_json([{"at": at, "decided": decision} for at, decision in decided]))
        return
    for at, decision in decided:
        who = names.get(decision.subject_id or "", "nobody")
        distance = "" if decision.distance is None else f", distance {decision.distance:.3f}"
        why = f": {decision.reason}" if decision.reason else ""
        typer.echo(
            f"{at:%Y-%m-%d %H:%M:%S} {who} ({decision.status}, score {decision.score:.2f}{distance}){why}"
        )


@app.command()
def name(
    name: Annotated[str, typer.Argument(help="Who they are.")],
    sightings: Annotated[list[int], typer.Argument(help="Sightings, as 'gallery unknown' lists them.")],
    gallery: Url = DEFAULT,
    key: Key = None,
) -> None:
    """Enrol seen tracks as a person, new or known."""
    with opened(gallery, key) as store:
        typer.echo(_line(store.name_sightings(sightings, name)))


@app.command()
def purge(
    keep: Annotated[str, typer.Option(help="Keep sightings younger than this: 30d, 12h, 2w.")],
    gallery: Url = DEFAULT,
    key: Key = None,
) -> None:
    """Erase old sightings; enrolled people stay."""
    span = seconds_of(keep)
    with opened(gallery, key) as store:
        purged = store.purge(span)
    typer.echo(f"{purged.sightings} sightings and {purged.files} files erased")


@app.command("export")
def export_(
    archive: Annotated[Path, typer.Argument(help="File to write (.zip).")],
    gallery: Url = DEFAULT,
    key: Key = None,
) -> None:
    """Write everybody into a signed archive."""
    with opened(gallery, key) as store:
        typer.echo(f"{archive} is written, signed by {store.export(archive)}")


@app.command("import")
def import_(
    archive: Annotated[Path, typer.Argument(help="Archive of 'gallery export'.")],
    signer: Annotated[str | None, typer.Option(help="Fingerprint it must be signed by.")] = None,
    *,
    forgotten: Annotated[
        bool, typer.Option("--with-forgotten", help="Bring back people who were forgotten here, too.")
    ] = False,
    gallery: Url = DEFAULT,
    key: Key = None,
) -> None:
    """Take in the people of an archive, all or none."""
    with opened(gallery, key, create=True) as store:
        done = store.import_(archive, signer, forgotten=forgotten)
    typer.echo(
        f"{done.subjects} people and {done.templates} templates are new, {done.skipped} were here already; "
        f"signed by {done.signer}"
    )
    if done.forgotten:
        typer.echo(
            f"{done.forgotten} people were forgotten here and stay so (--with-forgotten brings them back)"
        )


@app.command()
def verify(gallery: Url = DEFAULT, key: Key = None) -> None:
    """Check the file, every template, the references and the audit log."""
    with opened(gallery, key) as store:
        problems = store.verify()
    for problem in problems:
        typer.echo(f"{problem.where}: {problem.what}")
    if problems:
        raise StoreError(f"the gallery {gallery} has {len(problems)} problems: restore it from a backup")
    typer.echo("ok")


@app.command()
def stats(gallery: Url = DEFAULT, key: Key = None, as_json_: AsJson = False) -> None:
    """Show the gallery in numbers."""
    with opened(gallery, key) as store:
        numbers = store.stats()
    if as_json_:
        typer.echo(as_json(numbers))
        return
    for field in dataclasses.fields(numbers):
        typer.echo(f"{field.name.replace('_', ' ')}: {getattr(numbers, field.name)}")


@app.command()
def audit(
    last: Annotated[int | None, typer.Option(min=1, help="Only the last lines.")] = None,
    gallery: Url = DEFAULT,
    key: Key = None,
    as_json_: AsJson = False,
) -> None:
    """Show who did what and when."""
    with opened(gallery, key) as store:
        lines = store.audit(last)
    if as_json_:
        typer.echo(as_json(lines))
        return
    for line in lines:
        words = [f"{line.at:%Y-%m-%d %H:%M:%S}", line.actor, line.action, line.subject_id]
        words += [f"{name}={value}" for name, value in line.details.items()]
        typer.echo(" ".join([str(line.seq), *(word for word in words if word)]))


@app.command()
def key(file: Annotated[Path, typer.Argument(help="Key file to write.")]) -> None:
    """Write a fresh key for an encrypted gallery; keep a copy where the gallery is not."""
    write_key(file)
    typer.echo(f"{file} is written: without it the gallery's templates cannot be read")


def _line(subject: Subject) -> str:
    return f"{subject.name}  {subject.id}  {subject.templates} templates, since {subject.created:%Y-%m-%d}"


def _place(sighting: Sighting) -> str:
    return f"{_span(sighting)}: {sighting.status} (score {sighting.score:.2f})"


def _span(sighting: Sighting) -> str:
    begin, end = (frame / sighting.frame_rate for frame in (sighting.first_frame, sighting.last_frame + 1))
    return f"sighting {sighting.id}: {sighting.video} track {sighting.track_id}, {begin:.1f} to {end:.1f} s"
