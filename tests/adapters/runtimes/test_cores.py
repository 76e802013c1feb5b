import os

import pytest

from gaitway.adapters.runtimes.cores import usable_cores


@pytest.mark.parametrize(
    ("quota", "limit"),
    [
        ("max 100000", 99),
        ("100000 100000", 1),
        ("150000 100000", 2),
        ("1000 100000", 1),
        ("900000 100000", 9),
    ],
)
def test_container_share_limits_the_count(tmp_path, monkeypatch, quota, limit):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    file = tmp_path / "cpu.max"
    file.write_text(quota)
    assert usable_cores(file) == min(8, limit)


@pytest.mark.parametrize("content", ["", "nonsense", "1 2 3"])
def test_unreadable_share_is_no_limit(tmp_path, monkeypatch, content):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 5}, raising=False)
    file = tmp_path / "cpu.max"
    file.write_text(content)
    assert usable_cores(file) == 2
    assert usable_cores(tmp_path / "absent") == 2
