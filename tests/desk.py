"""An operator's desk: the `multiorder` command beside a running endpoint with its OMS and journal."""

import copy
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy
from whole import ROOT, SAMPLES, call, running_whole

from multiorder_sync.cli.order_data import discretion_for, order_data
from multiorder_sync.cli.order_list import list_data
from multiorder_sync.cli.terminal import as_json
from multiorder_sync.config import load
from multiorder_sync.delivery.journal.details import details_of
from multiorder_sync.delivery.journal.journal import Journal
from multiorder_sync.delivery.journal.queries import Chosen, listing, named
from multiorder_sync.delivery.journal.transactions import reading
from multiorder_sync.oms.plugins import discover

COMMAND = Path(sys.executable).parent / "multiorder"

SHOPPER = ("marisol.okafor@example.com", "Okafor", "2210 Pecan Hollow Drive")
REFUSE = {"kind": "refuse", "code": "C0160E", "message": "No such product"}

# What is left in doubt stays so until the operator does something about it.
REDELIVERY = """
[redelivery]
delays_seconds = [600]
"""

UNGUARDED = """
from multiorder_fluentcommerce.connector import FluentConnector
from multiorder_sync import DuplicateGuard, hookimpl

class Unguarded(FluentConnector):
    name = "unguarded"
    duplicate_guard = DuplicateGuard.NONE

@hookimpl
def multiorder_connectors():
    return [Unguarded]
"""

VETO = """
from multiorder_sync import hookimpl

@hookimpl
def multiorder_veto(submission, multi_order, context):
    return "Not on a Tuesday."
"""

FORKS = """
import gc, json, os, signal, sys
from typer.testing import CliRunner
from multiorder_sync.cli import main
from multiorder_sync.cli.app import build
from multiorder_sync.cli.loading import SENTENCES, load
import multiorder_sync.oms.outbound.transport

for name in SENTENCES:
    load(name)
CliRunner().invoke(build(), ["orders", "show", "1", "--config", "nothing"])  # imports the rest
gc.freeze()  # what is not counted is not copied
for line in sys.stdin:
    folder, arguments = json.loads(line)
    child = os.fork()
    if child == 0:
        signal.alarm(120)
        for number, mode in enumerate(("r", "w", "w")):
            opened = open(os.path.join(folder, str(number)), mode)
            os.dup2(opened.fileno(), number)
        sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")
        sys.argv = ["multiorder", *arguments]
        main()
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Commands:
    """Runs the command, each time in a process of its own.

    They are forked from one that has imported everything: there are many of them, and starting takes
    most of their time.

    Args:
        environment: Further variables of theirs.
    """

    def __init__(self, **environment):
        self._environment = environment

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory()
        self._forks = subprocess.Popen(
            [sys.executable, "-c", FORKS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            cwd=ROOT,
            env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1", **self._environment},
        )  # fmt: skip
        return self

    def __exit__(self, *_):
        self._forks.communicate(timeout=60)
        self._folder.cleanup()

    def run(self, *arguments, said="", plugin_raises=False):
        """Run the command, and return how it ended and what it printed.

        Only what a plugin raises comes with a traceback.
        """
        files = [Path(self._folder.name, str(number)) for number in range(3)]
        files[0].write_text(said)
        self._forks.stdin.write(json.dumps([self._folder.name, list(map(str, arguments))]) + "\n")
        self._forks.stdin.flush()
        code = int(self._forks.stdout.readline())
        result = subprocess.CompletedProcess(
            arguments, code, files[1].read_text(), files[2].read_text()
        )
        assert plugin_raises or "Traceback" not in result.stderr, result.stderr
        return result


def order(stem="single", **changes):
    """Return a sample order under an id of its own; its orders' ids are new, too."""
    made = copy.deepcopy(
        json.loads(next(path for path in SAMPLES if path.stem == stem).read_bytes())
    )
    made["id"] = str(uuid.uuid4())
    for each in made["orders"]:
        each["id"] = str(uuid.uuid4())
    return {**made, **changes}


def installed(folder, name, code):
    """Leave a plugin package in a folder as an installer would; return the path to search."""
    (folder / f"{name}_module.py").write_text(code)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[multiorder_sync]\n{name} = {name}_module\n")
    return os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])


def kept_in(url):
    """Return what edits a configuration so that its journal is in another database."""
    return lambda text: re.sub(r'url = "sqlite:[^"]*"', f'url = "{url}"', text)


class Desk:
    """A running endpoint, and the command with its configuration.

    Attributes:
        config: The configuration's file.
    """

    def __init__(self, whole, config, run):
        self.config = config
        self._whole = whole
        self._run = run

    def __getattr__(self, name):
        return getattr(self._whole, name)

    def run(self, *arguments, said=""):
        """Run `multiorder` with the configuration."""
        return self._run(*arguments, "--config", self.config, said=said)

    def sent(self, body, status, **fault):
        """Send an order that is to be answered so, with the OMS misbehaving; return its key."""
        if fault:
            self.fault(**fault)
        answered, answer = self.send(body)
        assert answered == status, answer
        self.mend()
        return body["id"]

    def mend(self):
        """Take all faults away."""
        call(f"{self.oms}/_sandbox/faults", method="DELETE")

    def edit(self, before, after):
        """Change the configuration's file; the running endpoint does not take it."""
        text = self.config.read_text()
        assert before in text
        self.config.write_text(text.replace(before, after))

    def json(self, *arguments):
        """Run `multiorder` with `--json`, and return its document."""
        result = self.run(*arguments, "--json")
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    def shown(self, name, *, payload=False, received=False):
        """Return what `orders show --json` has of an order, in no process of its own."""
        journal = self.journal
        with reading(journal.engine) as connection:
            (found,) = named(connection, str(name))
            (details,) = details_of(connection, journal.rows, [found.id])
        data = order_data(details, discretion_for(details), payload=payload, received=received)
        return json.loads(as_json(data))

    def listed(self, **chosen):
        """Return what `orders list --json` has, in no process of its own."""
        with reading(self.journal.engine) as connection:
            return json.loads(as_json(list_data(listing(connection, Chosen(**chosen), most=1000))))

    @property
    def journal(self):
        """The journal, as a process of its own would open it."""
        return Journal(load(self.config, discover()).journal)

    def sql(self, statement, **values):
        """Change the journal behind everyone's back; return the rows, if there are any."""
        with self.journal.engine.begin() as connection:
            result = connection.execute(sqlalchemy.text(statement), values)
            return result.all() if result.returns_rows else []

    def bytes_on_disk(self):
        """Return all that a SQLite journal has on disk.

        Another process reads it: closing the file here would take the endpoint's locks on it away.
        """
        file = Path(self.journal.engine.url.database)
        files = sorted(file.parent.glob(f"{file.name}*"))
        return subprocess.run(["cat", *files], capture_output=True, check=True).stdout


@contextmanager
def at_desk(folder, run, *, edit=str, space="", oms="", deadline=15.0):
    """Run an endpoint in a folder, with an edited configuration, and give its desk.

    Args:
        folder: Where the configuration and the journal are.
        run: Runs the command.
        edit: Changes the configuration's text.
        space: Further settings of the space.
        oms: Further settings of the OMS.
        deadline: Of the space.
    """

    def edited(text):
        return edit(text + REDELIVERY)

    with running_whole(folder, space, oms, deadline, {}, edited) as whole:
        yield Desk(whole, folder / "config.toml", run)


def refused(desk, body=None):
    return desk.sent(body or order(), 422, **REFUSE, operation="createOrder")


def partial(desk):
    body = order("multi-two-addresses")
    return desk.sent(body, 422, **REFUSE, operation="createOrder", skip=1)


def in_doubt(desk, when, body=None, *, look_ups=0):
    """Leave an order in doubt: the create's answer was lost, and the look-ups' are after it."""
    desk.fault(kind="drop", when=when, operation="createOrder", times=None)
    # After this one it is not tried again within the deadline, so that nobody waits for that.
    desk.fault(kind="status", status=401, operation="order", times=None, skip=look_ups)
    return desk.sent(body or order(), 500)


def held(desk, key):
    """Return the OMS's orders of a multi-order."""
    refs = {each["ref"] for each in desk.shown(key)["submissions"]}
    return [each for each in desk.orders() if each["ref"] in refs]


def wait_until(true, seconds=60):
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)
