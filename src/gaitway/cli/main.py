"""The gaitway command: parse, call wiring, print; no maths."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Annotated

import typer
from typer.exceptions import Abort, TyperException

from gaitway._version import __version__
from gaitway.adapters.memory import share_heaps
from gaitway.cli.interrupt import remembered_interrupts
from gaitway.errors import ConfigError, GaitwayError

DONE, SOME_FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130

app = typer.Typer(
    name="gaitway",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(value: bool) -> bool:
    if value:
        typer.echo(f"gaitway {__version__}")
        raise typer.Exit
    return value


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Find, follow, cut out and recognise walking people in video."""
    if debug:
        os.environ["GAITWAY_DEBUG"] = "1"


def _register() -> None:
    """Put the commands in, one module each."""
    for module in ("identify", "track", "demo", "doctor", "enroll", "search", "calibrate", "train"):
        importlib.import_module(f"gaitway.cli.{module}").register(app)
    for group in ("models", "gallery", "evaluate", "dataset"):
        app.add_typer(importlib.import_module(f"gaitway.cli.{group}").app, name=group)


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code (DESIGN 6): every error is one line on standard error."""
    _register_once()
    try:
        with remembered_interrupts():
            code = app(args=arguments, prog_name="gaitway", standalone_mode=False)
    except (KeyboardInterrupt, Abort):
        code = INTERRUPTED  # while starting; later on typer makes this exit code of it itself
    except TyperException as error:
        _explain(error)
        return USAGE
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return SOME_FAILED
    except GaitwayError as error:
        if os.environ.get("GAITWAY_DEBUG"):
            raise
        _say(str(error))
        return USAGE if isinstance(error, ConfigError) else SOME_FAILED
    if code == INTERRUPTED:
        _say("interrupted: what was finished is kept; the same command goes on from there")
    return code if isinstance(code, int) else DONE


def _explain(error: TyperException) -> None:
    """Say what is wrong with the command line and where to look; a group without a command shows its help."""
    message, context = error.format_message(), getattr(error, "ctx", None)
    if message.startswith("Usage: "):
        typer.echo(message, err=True)
        return
    where = f": '{context.command_path} -h' shows how" if context else ""
    _say(message.rstrip(".") + where)


def _say(message: str) -> None:
    typer.echo(f"gaitway: {' '.join(message.split())}", err=True)


def _register_once() -> None:
    if not app.registered_commands:
        _register()


def main() -> None:
    """Run the command line and exit."""
    share_heaps()
    sys.exit(run())
