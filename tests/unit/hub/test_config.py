"""Settings: defaults for everything, and a clear word for every mistake."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from hub.api.settings import WebSettings
from hub.config import HubConfig, WebConfig, is_loopback, load_config
from hub.errors import ConfigError


def config_of(tmp_path: Path, text: str, environment: dict[str, str] | None = None) -> HubConfig:
    """Settings read from a file with this text."""
    file = tmp_path / "hub.toml"
    file.write_text(text, encoding="utf-8")
    return load_config(file, environment or {})


def test_no_file_is_needed() -> None:
    """Every setting has its default."""
    config = load_config(None, {"XDG_DATA_HOME": "/somewhere"})
    assert config.broker.mode == "embedded"
    assert config.database_url.startswith("sqlite:///")
    assert config.folder.is_absolute()


def test_the_environment_has_the_last_word(tmp_path: Path) -> None:
    """TILLWIRE_HUB_SECTION_KEY."""
    environment = {
        "TILLWIRE_HUB_BROKER_PORT": "1999",
        "TILLWIRE_HUB_WEB_HTTPS": "true",
        "TILLWIRE_HUB_WEB_ALLOWED_HOSTS": "a.example, b.example",
    }
    config = config_of(tmp_path, "[broker]\nport = 1\n", environment)
    assert (config.broker.port, config.web.https) == (1999, True)
    assert config.web.allowed_hosts == ("a.example", "b.example")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[brokr]\nport = 1", r"hub\.toml: \[brokr\]: no such section; there are data, database, broker"),
        ("[broker]\nprot = 1", r"hub\.toml: \[broker\] prot: no such key; there are mode, host, port"),
        ('[broker]\nport = "1"', r"\[broker\] port: must be a whole number, not '1'"),
        ("[broker]\ntls = 1", r"\[broker\] tls: must be true or false"),
        ("[broker]\nport = 70000", r"\[broker\] port: must be between 0 and 65535"),
        ('[broker]\nmode = "mine"', r'\[broker\] mode: must be "embedded" or "external"'),
        ('[broker]\nhost = "0.0.0.0"', r'knows no passwords.*mode = "external"'),
        ('[broker]\nclient_id = "a.b"', r'\[broker\] client_id: must have no "\."'),
        ('[web]\nallowed_hosts = "a"', r"\[web\] allowed_hosts: must be a list of texts"),
        ("[limits]\nbatch_messages = -1", r"\[limits\] batch_messages: must not be negative"),
        ('[web]\nlanguage = "fr"', r'\[web\] language: must be "vi" or "en"'),
        ('[web]\ntime_zone = "Asia"', r"\[web\] time_zone: 'Asia' is no time zone; write its IANA name"),
        ("[web]\nsession_hours = 0", r"\[web\] session_hours: must be at least 1"),
        ("[limits]\ningest_lanes = 17", r"\[limits\] ingest_lanes: must be at most 16; 0 suits the database"),
        ("[limits]\ningest_processes = 17", r"\[limits\] ingest_processes: must be at most 16; 0 suits the database"),
        ("[limits]\nfeed_heartbeat_s = 0", r"\[limits\] feed_heartbeat_s: must be at least 1"),
        (
            '[database]\nurl = "postgresql://db/tillwire"\npassword_file = "/secret"',
            r"\[database\] password_file: \[database\] url names no user",
        ),
        ("web = 1", r"web: must be a section, written \[web\]"),
        ("[web\nport = 1", r"hub\.toml: is no TOML: .*line 1"),
    ],
)
def test_a_mistake_names_file_key_and_remedy(tmp_path: Path, text: str, words: str) -> None:
    """Nobody has to read code to mend a file."""
    with pytest.raises(ConfigError, match=words):
        config_of(tmp_path, text)


def test_a_wrong_variable_is_named() -> None:
    """The environment is checked like the file."""
    with pytest.raises(ConfigError, match=r"TILLWIRE_HUB_BROKER_PORT: must be a whole number"):
        load_config(None, {"TILLWIRE_HUB_BROKER_PORT": "many"})
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(Path("/nowhere/hub.toml"), {})


def test_the_databases_password_comes_from_its_own_file(tmp_path: Path) -> None:
    """It is never in the settings, and strange characters in it do no harm."""
    secret = tmp_path / "password"
    secret.write_text("p@ss/ö\n", encoding="utf-8")
    text = f'[database]\nurl = "postgresql://till@db/hub"\npassword_file = "{secret}"\n'
    assert config_of(tmp_path, text).database_url == "postgresql://till:p%40ss%2F%C3%B6@db/hub"
    secret.write_text("")
    with pytest.raises(ConfigError, match="is empty"):
        assert config_of(tmp_path, text).database_url


@pytest.mark.parametrize(("host", "here"), [("127.0.0.1", True), ("::1", True), ("0.0.0.0", False), ("shop", False)])  # noqa: S104 - told apart here
def test_what_is_this_machine_only(host: str, here: bool) -> None:
    """A name that is not localhost may be anywhere."""
    assert is_loopback(host) is here


def test_every_option_of_the_pages_can_be_set_or_is_ours_to_decide() -> None:
    """A limit that only code can change is one that somebody will have to patch."""
    ours = {"version", "heartbeat_s", "coalesce_ms"}
    options = {field.name for field in dataclasses.fields(WebSettings)} - ours
    assert options <= {field.name for field in dataclasses.fields(WebConfig)}
    for option in options - {"allowed_hosts"}:
        assert getattr(WebConfig(), option) == getattr(WebSettings(), option), option
