"""Finding out when an OMS that was out of reach is back, so that no order has to."""

import asyncio
import itertools
from collections.abc import Mapping
from time import monotonic
from typing import Final

import structlog

from multiorder_sync.delivery.attempts import is_cancelled
from multiorder_sync.delivery.spaces import ServedSpace
from multiorder_sync.errors import CredentialsRefused, OmsError
from multiorder_sync.observe import discreet
from multiorder_sync.oms.outbound import Attempt, Circuits

_SECONDS: Final = 10.0
"""How long one probe may take."""


class Prober:
    """Probes each host whose circuit is open, one probe at a time, by its connector's `check`.

    Args:
        spaces: Those that are served.
        circuits: Theirs.
    """

    def __init__(self, spaces: Mapping[str, ServedSpace], circuits: Circuits) -> None:
        self._spaces = spaces
        self._probe_seconds = circuits.probe_seconds
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._log = structlog.get_logger()
        circuits.when_opened = self._opened

    async def aclose(self) -> None:
        """Stop probing."""
        tasks = tuple(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _opened(self, host: str) -> None:
        probing = self._tasks.get(host)
        if probing is None or probing.done():
            self._tasks[host] = asyncio.create_task(self._probe(host))

    async def _probe(self, host: str) -> None:
        for number in itertools.count():
            await asyncio.sleep(self._probe_seconds)
            spaces = [each for each in self._spaces.values() if host in each.open_circuits]
            if not spaces:
                return
            # In turns: a space's check may fail at another host, before it comes to this one.
            space = spaces[number % len(spaces)]
            if await self._is_back(space):
                space.close_circuits()

    async def _is_back(self, space: ServedSpace) -> bool:
        try:
            with space.in_use(), Attempt(monotonic() + _SECONDS, probe=True).active():
                async with asyncio.timeout(_SECONDS):
                    await space.connector.check()
        except CredentialsRefused:
            return True  # it answered; what it thinks of us is for the next order to hear
        except (OmsError, TimeoutError):
            return False
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # a plugin may raise anything
            if is_cancelled(error):
                raise
            # A check that does not work proves nothing; the next order finds out.
            with discreet(space.redactor.redact):
                self._log.exception("connector's check failed", space=space.id)
        return True
