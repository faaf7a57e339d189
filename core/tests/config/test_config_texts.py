"""Where the text of a setting comes from, and that a secret is never shown."""

import os

import pytest

from multiorder_sync import Secret


def with_secret(good: str, written: str) -> str:
    return good.replace('[{ env = "S1_SECRET" }]', f"[{written}]")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"from-file", "from-file"),
        (b"from-file\n", "from-file"),
        (b"from-file\r\n", "from-file"),
        (b"from-file\n\n", "from-file\n"),
        (b" from-file ", " from-file "),
        ("g\u00e9heim\n".encode(), "g\u00e9heim"),
    ],
)
def test_a_file_gives_its_text_without_one_line_break(configurations, good, content, text):
    (configurations.folder / "secret").write_bytes(content)
    config = configurations.load(with_secret(good, '{ file = "secret" }'))
    assert config.spaces["s1"].secrets[0].reveal() == text


def test_a_file_is_read_again_when_the_configuration_is(configurations, good):
    text = with_secret(good, '{ file = "secret" }')
    (configurations.folder / "secret").write_text("old")
    assert configurations.load(text).spaces["s1"].secrets == (Secret("old"),)
    (configurations.folder / "secret").write_text("new")
    assert configurations.load(text).spaces["s1"].secrets == (Secret("new"),)


def test_a_connectors_name_and_the_servers_host_are_texts_as_well(
    configurations, good, monkeypatch
):
    monkeypatch.setenv("NAME", "acme")
    text = good.replace('connector = "acme"', 'connector = { env = "NAME" }')
    config = configurations.load(f'[server]\nhost = {{ env = "NAME" }}\n{text}')
    assert config.server.host == "acme"
    assert config.spaces["s1"].oms is not None


@pytest.mark.parametrize(
    ("written", "reason", "remedy"),
    [
        ('{ env = "UNSET" }', 'the environment variable "UNSET" is not set', "set it"),
        ('{ file = "nowhere" }', "there is no file", "the configuration's folder"),
        ('{ file = "." }', "there is no file", "the configuration's folder"),
        ('{ file = "a\\u0000b" }', "there is no file", "the configuration's folder"),
        ('{ file = "latin1" }', "is not UTF-8", None),
        ('{ file = "large" }', "is larger than 1000000 bytes", None),
        ('{ file = "empty" }', "is empty", None),
        ('{ env = "EMPTY" }', "is empty", None),
        ('""', "is empty", None),
        ("{}", "must name one of env and file", None),
        ('{ env = "UNSET", file = "empty" }', "must name one of env and file", None),
        ("{ env = 5 }", "env must be a name", None),
        ('{ env = "" }', "env must be a name", None),
        ('{ evn = "UNSET" }', 'a text can\'t be taken from "evn"', "did you mean env?"),
        ('{ vault = "x" }', 'a text can\'t be taken from "vault"', 'write { env = "NAME" }'),
        ("5", "must be a text, not a number", None),
        ("[]", "must be a text, not an array", None),
    ],
)
def test_a_text_that_is_not_there_is_a_problem(
    configurations, good, monkeypatch, written, reason, remedy
):
    monkeypatch.setenv("EMPTY", "")
    (configurations.folder / "latin1").write_bytes(b"caf\xe9")
    (configurations.folder / "large").write_bytes(b"x" * 1_000_001)
    (configurations.folder / "empty").write_bytes(b"\n")
    problem = configurations.problem(with_secret(good, written))
    assert problem.path == "spaces.s1.secrets[0]"
    assert reason in problem.reason
    assert remedy is None if problem.remedy is None else (remedy or "") in problem.remedy


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission_is_a_problem(configurations, good):
    (configurations.folder / "secret").write_text("x")
    (configurations.folder / "secret").chmod(0)
    problem = configurations.problem(with_secret(good, '{ file = "secret" }'))
    assert "can't be read: permission denied" in problem.reason


def test_a_pipe_is_not_waited_for(configurations, good):
    os.mkfifo(configurations.folder / "pipe")
    problem = configurations.problem(with_secret(good, '{ file = "pipe" }'))
    assert "there is no file" in problem.reason


def test_bytes_of_the_environment_that_are_no_text_are_a_problem(configurations, good, monkeypatch):
    monkeypatch.setenv("S1_SECRET", os.fsdecode(b"caf\xe9"))
    assert "is not UTF-8" in configurations.problem(good).reason


def test_no_secret_is_shown_by_a_configuration(configurations, good):
    config = configurations.load(
        good + 'places = [{ password = "password-of-place" }]\nkeys = { k = "key-of-s1" }\n'
    )
    shown = repr(config) + str(config) + str(config.warnings)
    for secret in ("signing-secret-of-s1", "password-of-s1", "password-of-place", "key-of-s1"):
        assert secret not in shown


def test_no_secret_is_shown_by_an_error(configurations, good):
    text = good + 'places = [{ password = "password-of-place", x = 1 }]\ncode = "ABCDE"\n'
    problems = configurations.problems(text.replace("https://", ""))
    for secret in ("signing-secret-of-s1", "password-of-s1", "password-of-place"):
        assert secret not in str(problems)
