"""gaitway doctor: what this machine has, and what is missing, a line each."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor() -> int:
    """Check the installation: versions, cores, models, video encoder."""
    from gaitway.wiring.doctor import examine

    findings = examine()
    for finding in findings:
        typer.echo(f"{'ok  ' if finding.is_fine else 'FAIL'} {finding.what}: {finding.found}")
        if not finding.is_fine:
            typer.echo(f"     {finding.remedy}")
    return 0 if all(f.is_fine for f in findings) else 1
