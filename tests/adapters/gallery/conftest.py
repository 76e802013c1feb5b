"""Galleries to test on: SQLite always, PostgreSQL where a server can be had."""

import itertools

import pytest

from gaitway.adapters.gallery import Gallery
from support.postgres import server, why_not

_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres():
    if reason := why_not():
        pytest.skip(reason)
    with server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def url(request, tmp_path):
    """An empty gallery's url, on each kind of database."""
    if request.param == "sqlite":
        return str(tmp_path / "people.db")
    template = request.getfixturevalue("postgres")
    import psycopg

    name = f"gallery{next(_numbers)}"
    with psycopg.connect(template.format("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return template.format(name)


@pytest.fixture
def gallery(url):
    with Gallery(url) as opened:
        yield opened
