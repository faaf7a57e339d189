"""The server processes: started, watched, started again, and in the end stopped in order."""

import asyncio
import contextlib
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from chaos.books import Standstill
from chaos.configuring import Variation, configuration
from chaos.dealing import Fates
from chaos.oms import python_path
from chaos.plan import STEPS

_STOP_SECONDS = 20
_FULL_BYTES = 4096
"""Beyond this no file grows while the disk is full; the write-ahead log's first page ends there."""

_SOON = 5
"""How often at most a step is taken by the first server that is to die at it."""


class Server:
    """One server, which goes on through all its processes.

    Attributes:
        name: Of it.
        port: Always the same.
        process: The one that runs, or ran last.
        ready: Whether calls are taken.
        still: Whether it stands still.
        fate: The step at which its process is to die, if it is to.
        deadline: The longest one of the configurations that its process was given, in seconds.
        started_at: When its process was started, as long as it is not ready.
    """

    def __init__(self, name, folder):
        self.name = name
        self.file = folder / f"{name}.toml"
        self.log = folder / f"{name}.log"
        self.process = None
        self.ready = self.still = False
        self.fate = None
        self.deadline = 0.0
        self.started_at = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def alive(self):
        return self.process is not None and self.process.poll() is None


class Fleet:
    """All servers of one run.

    Args:
        plan: Of the run.
        folder: For configurations and logs.
        journal: The URL of the journal's database.
        urls: Connector name to the OMS's base URL.
        rng: Chooses.
        counts: Counts what happens.

    Attributes:
        servers: All that there are.
        standstills: When they were not let run, or starting.
    """

    def __init__(self, plan, folder, *, journal, urls, rng, counts):
        self._plan = plan
        self._folder = folder
        self._journal = journal
        self._urls = urls
        self._rng = rng
        self._counts = counts
        self._calm = False
        self._killed = set()  # the ids of processes that we have killed
        self._fates = Fates(STEPS, plan.dies_at, rng)
        self._drains = []
        self.standstills = []
        self.servers = [Server(f"server-{number}", folder) for number in range(plan.servers)]

    def start(self):
        """Start all of them."""
        for server in self.servers:
            self._start(server)

    @property
    def alive(self):
        """The servers whose process has not ended."""
        return [each for each in self.servers if each.alive]

    @property
    def taking(self):
        """The servers that take calls."""
        return [each for each in self.servers if each.ready and each.alive and not each.still]

    async def keep(self):
        """Go on until cancelled: start again what has ended."""
        async with asyncio.TaskGroup() as group:
            for server in self.servers:
                group.create_task(self._keep(server))

    def kill(self, server):
        """Kill a server."""
        if server.alive:
            self._killed.add(server.process.pid)
            server.process.kill()
            self._counts["servers", "killed at random"] += 1

    def stop_one(self, server):
        """Stop a server in order, as at an upgrade."""
        if server.alive:
            server.process.terminate()
            server.ready = False  # whoever balances the load takes it out first
            self._counts["servers", "stopped in order"] += 1

    def reload(self, server):
        """Have a server take another configuration as it runs."""
        if server.alive and server.ready:
            self._configure(server)
            server.process.send_signal(signal.SIGHUP)
            self._counts["servers", "configuration taken anew as it ran"] += 1

    async def stall(self, server, seconds):
        """Have a server stand still for a while."""
        if not server.alive:
            return
        process = server.process
        started = time.time()
        process.send_signal(signal.SIGSTOP)
        server.still = True
        self._counts["servers", "stood still"] += 1
        try:
            await asyncio.sleep(seconds)
        finally:
            server.still = False
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
            self.standstills.append(Standstill(server=server.name, start=started, end=time.time()))

    async def fill_disk(self, seconds):
        """Let no server's files grow for a while: the kernel refuses what they write."""
        processes = [each.process for each in self.servers if each.alive]
        self._limit(processes, _FULL_BYTES)
        self._counts["databases", "disk full"] += 1
        try:
            await asyncio.sleep(seconds)
        finally:
            self._limit(processes, resource.RLIM_INFINITY)

    async def calm(self):
        """Kill all of them once more; from now on they live, and have the first configuration."""
        self._calm = True
        for server in self.servers:
            self.kill(server)
        while len(self.taking) < len(self.servers):
            await asyncio.sleep(0.1)

    def stop(self):
        """Stop all of them in order; return the names of those that did not end."""
        for server in self.servers:
            if server.alive:
                server.process.terminate()
        until = time.monotonic() + _STOP_SECONDS
        stuck = []
        for server in self.servers:
            try:
                server.process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                stuck.append(server.name)
        self.abort()
        return stuck

    def abort(self):
        """Kill what is left."""
        for server in self.servers:
            if server.alive:
                server.process.kill()
                server.process.wait(10)
        for drain in self._drains:
            drain.join(10)

    async def _keep(self, server):
        while True:
            await asyncio.sleep(0.1)
            if not server.alive:
                self._ended(server)
                await asyncio.sleep(self._rng.uniform(0.0, self._plan.away))
                self._start(server)
            elif not server.ready:
                server.ready = await _is_ready(server.port)
                if server.ready:
                    self._was_starting(server)

    def _was_starting(self, server):
        if server.started_at is not None:
            self.standstills.append(
                Standstill(server=server.name, start=server.started_at, end=time.time())
            )
            server.started_at = None

    def _ended(self, server):
        self._was_starting(server)
        status = server.process.returncode
        if status == -signal.SIGKILL:
            if server.process.pid not in self._killed:
                self._counts["servers", f"killed at the step {server.fate}"] += 1
                self._fates.met(server.fate)
        elif not server.ready:
            self._counts["servers", "could not start"] += 1
        elif status not in (0, -signal.SIGTERM):
            self._counts["servers", f"ended by itself ({status})"] += 1
        if server.fate is not None:
            self._fates.missed(server.fate)
        server.ready = False

    def _start(self, server):
        server.deadline = 0.0
        server.started_at = time.time()
        self._configure(server)
        command = [Path(sys.executable).with_name("multiorder"), "serve", "--config", server.file]
        server.fate = None
        if not self._calm and server is not self.servers[0]:
            server.fate = self._fates.draw()
            most = _SOON if self._fates.owed(server.fate) else self._plan.dies_after
            times = self._rng.randint(1, most)
            module = [sys.executable, "-m", "chaos.server"]
            command = [*module, server.file, server.fate, str(times)]
        path = os.pathsep.join((str(self._folder), python_path()))
        server.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,
        )
        self._counts["servers", "started"] += 1
        # Written from here: the disk is full for the server's own files, not for its last words.
        drain = threading.Thread(target=_drain, args=(server.process.stdout, server.log))
        drain.start()
        self._drains.append(drain)

    def _configure(self, server):
        variation = Variation(self._plan.deadlines[-1])
        if not self._calm:
            variation = Variation.drawn(self._plan, self._rng)
        server.deadline = max(server.deadline, variation.deadline)
        server.file.write_text(
            configuration(
                self._plan, variation, port=server.port, journal=self._journal, urls=self._urls
            )
        )

    def _limit(self, processes, size):
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


async def _is_ready(port):
    """Ask a server that has just been started, as a load balancer does."""
    try:
        async with asyncio.timeout(10):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with contextlib.closing(writer):
                writer.write(b"GET /readyz HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n")
                return (await reader.readline()).startswith(b"HTTP/1.1 200")
    except (OSError, TimeoutError):
        return False


def _drain(pipe, log):
    with pipe, log.open("ab") as file:
        for line in pipe:
            file.write(line)
