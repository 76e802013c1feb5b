"""Settings: defaults once, every mistake named."""

import pytest

from gaitway.config import Settings, as_mapping, from_mapping, read_settings
from gaitway.errors import ConfigError


def test_settings_survive_a_round_trip():
    settings = Settings(pack="light", threads=1)
    assert from_mapping(Settings, as_mapping(settings)) == settings


def test_toml_is_read(tmp_path):
    path = tmp_path / "gaitway.toml"
    path.write_text('pack = "light"\n[pipeline]\nmax_queue = 3\n')
    settings = read_settings(path)
    assert (settings.pack, settings.pipeline.max_queue) == ("light", 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pakc = 'light'", "did you mean pack"),
        ("[pipeline]\nmax_quue = 3", r"pipeline\.max_quue: did you mean max_queue"),
        ("draw = 'boxes'", "wanted one of 'silhouette'"),
        ("threads = 'two'", "wanted int"),
        ("threads = true", "wanted int"),
        ("pipeline = 3", r"wanted a table \[pipeline\]"),
        ("pack = ", "is not TOML"),
    ],
)
def test_a_mistake_is_one_clear_line(tmp_path, text, message):
    path = tmp_path / "gaitway.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message) as caught:
        read_settings(path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        read_settings(tmp_path / "nowhere.toml")
