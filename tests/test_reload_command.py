"""`multiorder reload`: servers take another configuration without dropping a call."""

import json
import os
import signal
import sqlite3
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest
import sqlalchemy
from desk import COMMAND, Commands, installed, order, wait_until
from whole import CONFIG, ROOT, call

from multiorder_sync.cli.posting import headers_for
from multiorder_sync.config import load
from multiorder_sync.oms.plugins import discover


class Server:
    """A process that serves a configuration.

    Attributes:
        pid: Its number.
        url: Where it takes orders.
    """

    def __init__(self, config, cwd=ROOT, **environment):
        self._process = subprocess.Popen(
            [COMMAND, "serve", "--config", config], stderr=subprocess.PIPE, text=True, cwd=cwd,
            env={**os.environ, **environment},
        )  # fmt: skip
        self.pid = self._process.pid
        self.url = f"http://127.0.0.1:{json.loads(self._process.stderr.readline())['port']}"

    def ready(self):
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                    return answer.status == 200
            except OSError:
                time.sleep(0.05)
        raise AssertionError("the server did not come up")

    def runs(self):
        return self._process.poll() is None

    def stop(self):
        self._process.send_signal(signal.SIGTERM)
        return self._process.communicate(timeout=60)[1]


@pytest.fixture
def serve():
    """Give a function that starts a server, which is stopped with the test."""
    running = []

    def start(config, **options):
        server = Server(config, **options)
        running.append(server)
        server.ready()
        return server

    yield start
    for server in running:
        if server.runs():
            server.stop()


@pytest.fixture(scope="module")
def sandbox():
    process = subprocess.Popen(
        [COMMAND, "sandbox", "fluentcommerce", "--port", "0"], stdout=subprocess.PIPE, text=True,
        cwd=ROOT, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    yield process.stdout.readline().split(" at ")[1].split()[0]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)


@pytest.fixture
def config(tmp_path, sandbox):
    file = tmp_path / "config.toml"
    file.write_text(
        CONFIG.format(journal="journal", base_url=sandbox, space="", oms="", deadline=30).replace(
            "port = 0", 'port = 0\nlog_format = "json"'
        )
    )
    return file


def edit(config, before, after):
    text = config.read_text()
    assert before in text
    config.write_text(text.replace(before, after))


def send(server, config, secret=0):
    space = load(config, discover()).spaces["acme"]
    body = json.dumps(order()).encode()
    return call(f"{server.url}/sync/consume", body, headers_for(body, space))[0]


def wait_for_the_signal(pid):
    until = time.monotonic() + 60
    hangup = 1 << signal.SIGHUP - 1
    pending = 0
    while not pending & hangup:
        assert time.monotonic() < until
        status = Path(f"/proc/{pid}/status").read_text()
        pending = int(status.split("ShdPnd:")[1].split()[0], 16)
        time.sleep(0.05)


def test_every_server_of_the_file_takes_it(config, commands, serve):
    first, second = serve(config), serve(config)
    edit(config, '"signing-secret-1", "signing-secret-2"', '"another-secret"')
    assert [send(server, config) for server in (first, second)] == [401, 401]
    result = commands.run("reload", "--config", config)
    assert result.returncode == 0, result.stdout + result.stderr
    assert sorted(result.stdout.splitlines()) == sorted(
        f"process {server.pid}: took it" for server in (first, second)
    )
    assert [send(server, config) for server in (first, second)] == [200, 200]


def test_a_wrong_file_is_said_and_nobody_is_asked(config, commands, serve):
    server = serve(config)
    before = config.read_text()
    edit(config, "retailer_id", "retailer")
    result = commands.run("reload", "--config", config)
    assert result.returncode == 2
    assert "spaces.acme.oms.retailer" in result.stderr
    config.write_text(before)
    assert send(server, config) == 200
    assert "configuration" not in server.stop()


def test_a_server_that_can_not_take_it_goes_on_with_the_old_one(config, commands, serve):
    server = serve(config, NEW_PASSWORD="")
    edit(config, '"sandbox-password"', '{ env = "NEW_PASSWORD" }')
    there = {**os.environ, "NEW_PASSWORD": "sandbox-password"}

    def reload():
        return subprocess.run(
            [COMMAND, "reload", "--config", config], capture_output=True, text=True, cwd=ROOT,
            env=there, timeout=120, check=False,
        )  # fmt: skip

    for _ in range(2):  # it says the same for the same reason
        result = reload()
        assert result.returncode == 1, result.stdout
        assert f"process {server.pid}: refused it, and goes on with the old one" in result.stdout
        assert "spaces.acme.oms.password" in result.stdout
        assert "has not said yet" not in result.stdout
    edit(config, '{ env = "NEW_PASSWORD" }', '"sandbox-password"')
    assert send(server, config) == 200
    # What it refused before is not taken for its word on this, however long that takes.
    os.kill(server.pid, signal.SIGSTOP)
    waiting = subprocess.Popen(
        [COMMAND, "reload", "--config", config], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    wait_for_the_signal(server.pid)
    time.sleep(0.5)
    os.kill(server.pid, signal.SIGCONT)
    assert waiting.communicate(timeout=60)[0] == f"process {server.pid}: took it\n"
    assert waiting.returncode == 0


def test_nobody_to_ask_is_said(config, commands, serve, tmp_path):
    missing = commands.run("reload", "--config", config)
    assert missing.returncode == 1
    assert "There is no journal yet" in missing.stderr
    server = serve(config)
    other = tmp_path / "other.toml"
    other.write_text(config.read_text())
    result = commands.run("reload", "--config", other)
    assert result.returncode == 1
    assert f"No process on this machine serves {other}" in result.stderr
    server.stop()
    result = commands.run("reload", "--config", config)
    assert result.returncode == 1
    assert "No process on this machine serves" in result.stderr


def test_a_file_is_the_same_by_whatever_path(config, serve, tmp_path):
    (tmp_path / "link.toml").symlink_to(config)
    server = serve("config.toml", cwd=tmp_path)
    result = subprocess.run(
        [COMMAND, "reload", "--config", tmp_path / "link.toml"],
        capture_output=True, text=True, cwd=ROOT, timeout=120, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout == f"process {server.pid}: took it\n"


def test_a_file_that_is_switched_by_a_link_is_the_same(config, commands, serve, tmp_path):
    # As Kubernetes does it with a ConfigMap, and who deploys by a link named "current".
    edit(config, "sqlite:///journal.db", f"sqlite:///{tmp_path}/journal.db")
    for version in ("one", "two"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "config.toml").write_bytes(config.read_bytes())
    current = tmp_path / "current"
    current.symlink_to("one")
    server = serve(current / "config.toml")
    (tmp_path / "new").symlink_to("two")
    (tmp_path / "new").rename(current)
    result = commands.run("reload", "--config", current / "config.toml")
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout == f"process {server.pid}: took it\n"


def test_what_is_left_of_dead_processes_harms_nobody(config, commands, serve):
    server = serve(config)
    os.kill(server.pid, signal.SIGKILL)
    server._process.communicate(timeout=60)
    # The number of the dead one is another's by now, who would die of the signal.
    innocent = subprocess.Popen(["sleep", "600"])
    journal = f"sqlite:///{config.with_name('journal.db')}"
    engine = sqlalchemy.create_engine(journal)
    with engine.begin() as connection:
        changed = connection.execute(
            sqlalchemy.text("UPDATE owners SET pid = :pid"), {"pid": innocent.pid}
        )
        assert changed.rowcount == 1
    result = commands.run("reload", "--config", config)
    assert result.returncode == 1
    assert "No process on this machine serves" in result.stderr
    assert result.stdout == ""
    assert innocent.poll() is None
    innocent.kill()
    innocent.wait()
    engine.dispose()


HEARS = """
import signal
signal.signal(signal.SIGHUP, lambda *_: print("told", flush=True))
print("started", flush=True)
input()
"""


def test_a_stranger_under_the_number_of_a_server_is_left_alone(config, commands, serve):
    # As when two containers have one host's name, and a process of either the same number.
    serve(config)
    stranger = subprocess.Popen(
        [COMMAND.with_name("python"), "-c", HEARS],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert stranger.stdout.readline() == "started\n"
    engine = sqlalchemy.create_engine(f"sqlite:///{config.with_name('journal.db')}")
    with engine.begin() as connection:
        connection.execute(
            sqlalchemy.text("UPDATE owners SET pid = :pid, started_at = started_at - 3600"),
            {"pid": stranger.pid},
        )
    engine.dispose()
    result = commands.run("reload", "--config", config)
    assert result.returncode == 1
    assert f"process {stranger.pid}: is another one than the journal knows" in result.stdout
    assert stranger.communicate("\n", timeout=60)[0] == ""


def test_a_process_that_would_die_of_the_signal_is_left_alone(config, commands, serve):
    server = serve(config)
    # As long as another command carries an order, it is a process of the same file.
    code = (
        "import asyncio, sys\n"
        "from multiorder_sync.config import load\n"
        "from multiorder_sync.delivery.service import Service\n"
        "from multiorder_sync.oms.plugins import discover\n"
        "registry = discover()\n"
        "async def main():\n"
        "    service = Service(load(sys.argv[1], registry), registry)\n"
        "    await service.start(redelivering=False)\n"
        "    print('started', flush=True)\n"
        "    await asyncio.to_thread(sys.stdin.read)\n"
        "    await service.aclose()\n"
        "asyncio.run(main())\n"
    )
    beside = subprocess.Popen(
        [COMMAND.with_name("python"), "-c", code, config],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert beside.stdout.readline() == "started\n"
    result = commands.run("reload", "--config", config)
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"process {server.pid}: took it" in result.stdout
    assert f"process {beside.pid}: does not listen for it" in result.stdout
    beside.communicate(timeout=60)
    assert beside.returncode == 0


def test_a_signal_while_it_starts_is_taken_once_it_is_up(config, commands, serve):
    assert commands.run("journal", "migrate", "--config", config).returncode == 0
    database = sqlite3.connect(config.with_name("journal.db"), isolation_level=None)
    database.execute("BEGIN IMMEDIATE")  # it can't go on to start as long as this lasts
    process = subprocess.Popen(
        [COMMAND, "serve", "--config", config], stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        wait_until(lambda: hears(process.pid))
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: not waits_for(process.pid, signal.SIGHUP))
        database.execute("ROLLBACK")
        lines = (json.loads(line)["event"] for line in process.stderr)
        assert next(lines) == "serving"
        assert next(lines) == "configuration taken anew"
    finally:
        process.terminate()
        process.communicate(timeout=60)
        database.close()
    assert process.returncode == -signal.SIGTERM


def hears(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("SigCgt:")[1].split()[0], 16) & 1 << signal.SIGHUP - 1


def waits_for(pid, number):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("ShdPnd:")[1].split()[0], 16) & 1 << number - 1


BREAKS = """
import pathlib
from multiorder_fluentcommerce.connector import FluentConnector
from multiorder_sync import hookimpl

class Odd(BaseException):
    pass

class Breaking(FluentConnector):
    name = "breaking"

    def __init__(self, settings, http):
        super().__init__(settings, http)
        if pathlib.Path(__file__).with_name("break").exists():
            raise Odd("at random")

@hookimpl
def multiorder_connectors():
    return [Breaking]
"""


def test_an_error_that_nobody_expects_is_logged_and_the_old_one_stays(
    config, commands, serve, tmp_path
):
    path = installed(tmp_path, "breaking", BREAKS)
    edit(config, '"fluentcommerce"', '"breaking"')
    server = serve(config, PYTHONPATH=path)
    edit(config, '"signing-secret-1", "signing-secret-2"', '"another-secret"')
    (tmp_path / "break").touch()
    with Commands(PYTHONPATH=path) as here:
        result = here.run("reload", "--config", config)
    assert result.returncode == 1
    assert f"process {server.pid}: refused it" in result.stdout
    assert "Odd" in result.stdout
    edit(config, '"another-secret"', '"signing-secret-1", "signing-secret-2"')
    (tmp_path / "break").unlink()
    assert send_as(server, config) == 200
    logged = server.stop()
    assert "configuration not taken" in logged
    assert "Odd: at random" in logged


def send_as(server, config):
    """Send an order signed by a file that other packages are needed to load."""
    text = config.read_text()
    config.write_text(text.replace('"breaking"', '"fluentcommerce"'))
    try:
        return send(server, config)
    finally:
        config.write_text(text)


def test_no_call_is_dropped(config, commands, serve, sandbox):
    server = serve(config)
    fault = b'{"kind": "latency", "seconds": 3, "operation": "createOrder"}'
    call(f"{sandbox}/_sandbox/faults", fault, {"content-type": "application/json"})
    file = config.with_name("order.json")
    file.write_text(json.dumps(order()))
    sender = subprocess.Popen(
        [COMMAND, "send", file, "--config", config, "--url", f"{server.url}/sync/consume"],
        stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    # The call is under way once it has met the fault.
    wait_until(lambda: not json.loads(call(f"{sandbox}/_sandbox/faults")[1])["faults"])
    edit(config, '"signing-secret-1", "signing-secret-2"', '"another-secret"')
    assert commands.run("reload", "--config", config).returncode == 0
    assert sender.communicate(timeout=60)[0].startswith("200 in ")
    assert server.runs()
