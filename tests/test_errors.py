from __future__ import annotations

import builtins
import re

import pytest

from gaitway import errors
from gaitway.errors import GaitwayError, MissingExtraError

LINE = re.compile(
    r"^(?P<bars>[│ ]*)(?:[├└]── )?(?P<name>[A-Z]\w+)(?:\((?P<builtin>\w+)\))?(?: {2,}(?P<what>.+))?$"
)


def drawn_tree():
    """Return name -> (parent, builtin or None, meaning) as the module's docstring draws it."""
    tree, path = {}, []
    for line in errors.__doc__.split("\n\n")[1].splitlines():
        match = LINE.match(line)
        assert match, line
        depth = 0 if match["name"] == "GaitwayError" else len(match["bars"]) // 4 + 1
        path = [*path[:depth], match["name"]]
        tree[match["name"]] = (path[depth - 1] if depth else "Exception", match["builtin"], match["what"])
    return tree


TREE = drawn_tree()


def test_the_drawing_names_every_error_and_no_other():
    defined = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, Exception)
    }
    assert set(TREE) == defined
    assert len(TREE) >= 16


@pytest.mark.parametrize("name", TREE)
def test_an_error_has_the_parents_that_are_drawn(name):
    parent, builtin, what = TREE[name]
    error = getattr(errors, name)
    wanted = {parent, *([builtin] if builtin else [])}
    assert {base.__name__ for base in error.__bases__} == wanted
    assert issubclass(error, GaitwayError)
    assert builtin is None or issubclass(error, getattr(builtins, builtin))
    assert error.__doc__
    assert what or name in {"GaitwayError", "VideoNotFoundError"}


@pytest.mark.parametrize("name", [name for name in TREE if name != "MissingExtraError"])
def test_an_error_keeps_its_one_line(name):
    line = "got 3, wanted 4: count again"
    with pytest.raises(GaitwayError) as caught:
        raise getattr(errors, name)(line)
    assert str(caught.value) == line


def test_a_missing_extra_says_how_to_install_it():
    error = MissingExtraError("torch", "torch", "reading a .pt file")
    assert str(error) == (
        "reading a .pt file needs the package 'torch', which is not installed: "
        'install it with pip install "gaitway[torch]"'
    )
    assert (error.package, error.extra) == ("torch", "torch")
