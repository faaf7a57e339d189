"""A server that is to die is the product's own, from its first word on."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from chaos.configuring import Variation, configuration
from chaos.orders import Order
from chaos.plan import SECRETS, short_plan
from multiorder_sync import Secret
from multiorder_sync.nacelle.signature import sign

MULTIORDER = (Path(sys.executable).with_name("multiorder"), "serve", "--config")
FATAL = (sys.executable, "-m", "chaos.server")
PLAN = short_plan("sqlite")


@pytest.fixture
def taken():
    """Give a listening socket, so that its port is taken."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener


def configured(folder, port):
    file = folder / "config.toml"
    urls = dict.fromkeys(("fluentcommerce", "manhattan"), "http://127.0.0.1:9")
    journal = f"sqlite:///{folder}/journal.db"
    file.write_text(configuration(PLAN, Variation(2.0), port=port, journal=journal, urls=urls))
    return file


@contextlib.contextmanager
def started(*command):
    """Run a process that is gone afterwards, and within half a minute."""
    process = subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        stderr=subprocess.PIPE,
        text=True,
    )
    watch = threading.Timer(30, process.kill)
    watch.start()
    with process:
        try:
            yield process
        finally:
            watch.cancel()
            process.kill()


def said(*command):
    """Return how a command ended, and what it said of that."""
    with started(*command) as process:
        error = process.stderr.read()
        process.wait()
    return process.returncode, error


def test_a_server_that_is_to_die_starts_as_the_command_does(tmp_path, taken):
    file = configured(tmp_path, taken.getsockname()[1])
    status, error = said(*FATAL, file, "received", "1")
    assert (status, error) == said(*MULTIORDER, file)
    assert status == 1
    assert "can't be used" in error


def test_it_dies_at_its_step(tmp_path):
    space = PLAN.spaces[0]
    body = Order(space, "k", size=1, shopper=1).body()
    headers = {
        "content-type": "application/json",
        "x-nacelle-signature-sha256": sign(body, Secret(SECRETS[0])),
    }
    with started(*FATAL, configured(tmp_path, 0), "received", "1") as process:
        serving = json.loads(next(line for line in process.stderr if line.startswith("{")))
        connection = http.client.HTTPConnection("127.0.0.1", serving["port"], timeout=30)
        connection.request("POST", f"/spaces/{space.id}/sync/consume", body, headers)
        with contextlib.closing(connection), pytest.raises(ConnectionError):
            connection.getresponse()
        process.wait()
    assert process.returncode == -signal.SIGKILL
