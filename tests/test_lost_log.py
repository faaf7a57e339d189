"""A log that can't be written: orders are answered as ever, and what is lost is counted."""

import json
import os
import signal
import socket
import subprocess
import urllib.request
from contextlib import contextmanager

import pytest
from desk import COMMAND, order, wait_until
from whole import CONFIG, ROOT, call

from multiorder_sync.cli.posting import headers_for
from multiorder_sync.config import load
from multiorder_sync.oms.plugins import discover


def full_disk():
    return os.open("/dev/full", os.O_WRONLY)


def closed_pipe():
    reading, writing = os.pipe()
    os.close(reading)
    return writing


@contextmanager
def serving(config, stderr):
    process = subprocess.Popen([COMMAND, "serve", "--config", config], stderr=stderr, cwd=ROOT)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


@pytest.mark.parametrize("log", [full_disk, closed_pipe])
@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_log_that_can_not_be_written_changes_no_answer(tmp_path, whole, log, log_format):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = tmp_path / "served.toml"
    config.write_text(
        CONFIG.format(
            journal="served", base_url=whole().oms, space="", oms="", deadline=15
        ).replace("port = 0", f'port = {port}\nmetrics = true\nlog_format = "{log_format}"')
    )
    stderr = log()
    url = f"http://127.0.0.1:{port}"

    def ready():
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    space = load(config, discover()).spaces["acme"]
    with serving(config, stderr):
        os.close(stderr)
        wait_until(ready)
        for _ in range(2):
            body = json.dumps(order()).encode()
            status, answer = call(f"{url}/sync/consume", body, headers_for(body, space))
            assert (status, json.loads(answer)) == (200, {"order": json.loads(body)})
        # The server's own line, and one for each order, which may come after the answer.
        wait_until(lambda: lost(url) >= 3)


def lost(url):
    lines = call(f"{url}/metrics")[1].decode().splitlines()
    (line,) = [each for each in lines if each.startswith("multiorder_log_lines_lost_total ")]
    return float(line.split()[1])
