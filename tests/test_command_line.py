"""The `multiorder` command as a person meets it: what it prints, and how it exits."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from whole import CONFIG, ROOT, SAMPLES

COMMAND = Path(sys.executable).parent / "multiorder"
SINGLE = next(path for path in SAMPLES if path.stem == "single")


def run(*arguments, cwd=ROOT, **options):
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}
    return subprocess.run(
        [COMMAND, *map(str, arguments)],
        capture_output=True, text=True, cwd=cwd, timeout=120, env=environment, check=False, **options,
    )  # fmt: skip


def started(*arguments, until, cwd=ROOT):
    """Start a command and wait for a line of its output."""
    process = subprocess.Popen(
        [COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=cwd,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    lines = []
    for line in process.stdout:
        lines.append(line)
        if until in line:
            return process, "".join(lines)
    raise AssertionError("".join(lines))


def stopped(process, number=signal.SIGINT):
    process.send_signal(number)
    rest = process.communicate(timeout=60)[0]
    return process.returncode, rest


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def config_file(folder, base_url, *, port=0, space="", oms=""):
    file = folder / "config.toml"
    text = CONFIG.format(journal="journal", base_url=base_url, space=space, oms=oms, deadline=30)
    file.write_text(text.replace("port = 0", f"port = {port}"))
    return file


def test_help_names_every_command():
    result = run("--help")
    assert result.returncode == 0
    for command in ("serve", "check", "send", "plugins", "sandbox", "demo", "config"):
        assert re.search(rf"\b{command}\b", result.stdout)
        assert run(command, "--help").returncode == 0


def test_version():
    assert re.fullmatch(r"multiorder \d+\.\d+\.\d+\n", run("--version").stdout)


def test_plugins_lists_the_installed_connectors():
    result = run("plugins")
    assert result.returncode == 0
    assert re.search(r"fluentcommerce\s+multiorder-fluentcommerce\s+0\.1\.0\s+ok", result.stdout)


def test_the_schema_takes_the_repositorys_configuration():
    import tomllib

    import jsonschema

    schema = json.loads(run("config", "schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(tomllib.loads((ROOT / "config.toml").read_text()), schema)


def test_every_problem_of_a_configuration_is_said_at_once(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text(
        """
[server]
prot = 8080
max_body_bytes = "many"

[spaces.acme]
connector = "fluentcomerce"
secrets = [{ env = "NO_SUCH_VARIABLE" }]
on_outage = "wait"
"""
    )
    result = run("check", "--config", file)
    assert result.returncode == 2
    said = result.stderr
    assert f"{file} has 5 problems:" in said
    for words in (
        "server.prot", "did you mean port", "server.max_body_bytes", "spaces.acme.connector",
        "fluentcommerce", "NO_SUCH_VARIABLE", "spaces.acme.on_outage",
    ):  # fmt: skip
        assert words in said
    assert "Traceback" not in said


def test_a_missing_configuration_is_said_with_the_remedy(tmp_path):
    result = run("serve", cwd=tmp_path)
    assert result.returncode == 2
    assert "config.toml" in result.stderr
    assert "--config" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.fixture
def sandbox():
    process, said = started("sandbox", "fluentcommerce", "--port", "0", until="Sandbox for")
    yield re.search(r"http://[\d.:]+", said)[0]
    assert stopped(process)[0] == 0


def test_check_tries_the_credentials(tmp_path, sandbox):
    file = config_file(tmp_path, sandbox)
    good = run("check", "--config", file)
    assert good.returncode == 0, good.stderr
    assert "acme (fluentcommerce): ok" in good.stdout
    file.write_text(file.read_text().replace("sandbox-password", "wrong-password"))
    wrong = run("check", "--config", file)
    assert wrong.returncode == 1
    assert "does not accept our credentials" in wrong.stdout
    assert "wrong-password" not in wrong.stdout + wrong.stderr


def test_check_tells_an_unreachable_oms(tmp_path):
    result = run("check", "--config", config_file(tmp_path, f"http://127.0.0.1:{free_port()}"))
    assert result.returncode == 1
    assert "acme (fluentcommerce): failed" in result.stdout
    assert "credentials" not in result.stdout


def test_serve_send_and_stop(tmp_path, sandbox):
    port = free_port()
    file = config_file(tmp_path, sandbox, port=port)
    server, _ = started("serve", "--config", file, until="serving")
    sent = run("send", SINGLE, "--space", "acme", "--config", file)
    assert sent.returncode == 0, sent.stdout + sent.stderr
    assert sent.stdout.startswith("200 in ")
    assert '"order": {' in sent.stdout
    invalid = run("send", "-", "--config", file, input='{"orders": []}')
    assert invalid.returncode == 1
    assert invalid.stdout.startswith("400 in ")
    assert "must hold 1 to 100 orders" in invalid.stdout
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
        assert json.load(answer)["status"] == "ready"
    code, log = stopped(server, signal.SIGTERM)
    assert code in (0, -signal.SIGTERM)
    outcomes = [json.loads(line) for line in log.splitlines() if '"order"' in line]
    assert [line["status"] for line in outcomes if line["event"] == "order"] == [200, 400]


def test_a_taken_port_is_said_with_the_remedy(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        file = config_file(tmp_path, "http://127.0.0.1:1", port=port)
        served = run("serve", "--config", file)
        stood = run("sandbox", "fluentcommerce", "--port", port)
    for result in (served, stood):
        assert result.returncode == 1
        assert f"127.0.0.1:{port} can't be used" in result.stderr
        assert "--port" in result.stderr
        assert "Traceback" not in result.stderr


def test_send_says_what_is_wrong(tmp_path):
    file = config_file(tmp_path, "http://127.0.0.1:1", port=free_port())
    for arguments, words in (
        ((SINGLE,), "Is the server running?"),
        (("nothing.json",), "nothing.json can't be read"),
        ((SINGLE, "--space", "acne"), "There is no space acne"),
        ((SINGLE, "--url", "file:///etc/passwd"), "not an http or https URL"),
    ):
        result = run("send", *arguments, "--config", file)
        assert result.returncode == 1
        assert words in result.stderr
        assert "Traceback" not in result.stderr


def test_an_unknown_sandbox_is_said():
    result = run("sandbox", "fluent")
    assert result.returncode == 1
    assert "fluentcommerce" in result.stderr


def demo_config(folder):
    endpoint = free_port()
    text = (ROOT / "config.toml").read_text().replace("port = 8080", f"port = {endpoint}")
    for port in (8401, 8402):
        text = text.replace(f":{port}", f":{free_port()}")
    file = folder / "config.toml"
    file.write_text(text)
    return file, endpoint


def test_the_demo_shows_the_whole_way_and_stays_until_it_is_stopped(tmp_path):
    file, port = demo_config(tmp_path)
    process, said = started("demo", "--config", file, until="Ctrl-C")
    for path in SAMPLES:
        for space in ("acme", "globex"):
            assert re.search(rf"{space}\s+{path.stem}\s\S+\s+\w.*\b200\b\s+\d+", said), path.stem
    assert "multiorder send FILE --space acme" in said
    hint = said[said.index("  FILE=") :].split("\n\n")[0]
    answer = subprocess.run(
        ["sh", "-c", hint], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert json.loads(answer.stdout)["order"]["id"] == json.loads(SINGLE.read_bytes())["id"]
    code, rest = stopped(process)
    assert (code, rest.strip()) == (0, "Stopped.")
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), 1)


def test_the_demo_says_a_taken_port(tmp_path):
    file, port = demo_config(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        result = run("demo", "--config", file, "--no-stay")
    assert result.returncode == 1
    assert f"127.0.0.1:{port} can't be used" in result.stderr
    assert "change [server] port" in result.stderr


def test_a_call_under_way_is_finished_when_the_server_is_stopped(tmp_path, sandbox):
    port = free_port()
    file = config_file(tmp_path, sandbox, port=port)
    fault = b'{"kind": "latency", "seconds": 1, "operation": "createOrder"}'
    headers = {"content-type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(f"{sandbox}/_sandbox/faults", fault, headers))
    server, _ = started("serve", "--config", file, until="serving")
    sender = subprocess.Popen(
        [COMMAND, "send", SINGLE, "--config", file], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    until = time.monotonic() + 60
    # The call is under way once it has met the fault.
    while json.load(urllib.request.urlopen(f"{sandbox}/_sandbox/faults"))["faults"]:
        assert time.monotonic() < until
        time.sleep(0.05)
    stopped(server, signal.SIGTERM)
    assert sender.communicate(timeout=60)[0].startswith("200 in ")
