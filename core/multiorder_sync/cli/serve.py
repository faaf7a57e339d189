"""`multiorder serve`: the endpoint."""

import asyncio
from pathlib import Path
from typing import Annotated

import msgspec
import structlog
import typer

from multiorder_sync.cli.common import DEFAULT_CONFIG, ConfigFile, address_taken, fail, load_config
from multiorder_sync.config import Config, load
from multiorder_sync.delivery.attempts import is_cancelled
from multiorder_sync.delivery.carrying import Step, no_step
from multiorder_sync.delivery.service import Service
from multiorder_sync.errors import ConfigurationError, JournalUnavailable
from multiorder_sync.metrics import Metrics
from multiorder_sync.observe import configure_logging
from multiorder_sync.oms.plugins import Registry, discover
from multiorder_sync.server.app import create_app
from multiorder_sync.server.hangups import Hangups
from multiorder_sync.server.serve import bind, serve


def command(
    config_file: ConfigFile = DEFAULT_CONFIG,
    host: Annotated[str | None, typer.Option(help="Instead of host in config.toml.")] = None,
    port: Annotated[
        int | None, typer.Option(help="Instead of port in config.toml.", min=0, max=65535)
    ] = None,
) -> None:
    """Serve POST /sync/consume until Ctrl-C or SIGTERM.

    SIGHUP, or `multiorder reload`, takes the configuration anew without dropping a call.
    """
    run(config_file, host=host, port=port)


def run(
    config_file: Path, *, host: str | None = None, port: int | None = None, step: Step = no_step
) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        config_file: The configuration.
        host: Instead of the one in it.
        port: Instead of the one in it.
        step: Is told each step of an order's way.
    """
    hangups = Hangups()  # whoever is told to reload while it starts must not die of it
    config, registry = load_config(config_file)
    settings = config.server
    if host is not None:
        settings = msgspec.structs.replace(settings, host=host)
    if port is not None:
        settings = msgspec.structs.replace(settings, port=port)
    metrics = Metrics()
    configure_logging(settings.log_format, settings.log_level, lost=metrics.line_lost)
    try:
        listener = bind(settings.host, settings.port)
    except OSError as error:
        remedy = "Stop what uses it, or choose another with --port or [server] port."
        address_taken(settings.host, settings.port, error, remedy)
    try:
        service = Service(config, registry, step=step, metrics=metrics)
        service.prepare()
    except JournalUnavailable as error:
        fail(str(error))
    spaces = service.spaces.values()
    structlog.get_logger().info(
        "serving",
        host=settings.host,
        port=listener.getsockname()[1],
        spaces={space.id: space.settings.connector for space in spaces},
        broken=[space.id for space in spaces if space.broken],
        hooks={each.distribution: list(each.hooks) for each in registry.hooks},
    )
    reloading = _Reloading(service, config_file)
    app = create_app(service, settings)
    serve(app, settings, listener, reload=reloading, hangups=hangups, stopping=service.rest)


class _Reloading:
    """Takes the configuration anew; a wrong one is refused, and the old one stays."""

    def __init__(self, service: Service, config_file: Path) -> None:
        self._service = service
        self._config_file = config_file
        self._log = structlog.get_logger()

    async def __call__(self) -> None:
        """Do it; it never raises, whatever a plugin does."""
        try:
            await self._take()
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # a plugin may raise anything
            if is_cancelled(error):
                raise
            self._log.exception("configuration not taken", file=str(self._config_file))
            await self._service.note_reload(f"{type(error).__name__}: its log says more")

    async def _take(self) -> None:
        try:
            config, registry = await asyncio.to_thread(self._load)
        except ConfigurationError as error:
            problems = [str(problem) for problem in error.problems]
            self._log.error("configuration refused", file=error.source, problems=problems)
            await self._service.note_reload("; ".join(problems))
            return
        waiting = await self._service.reload(config, registry)
        self._log.info(
            "configuration taken anew",
            file=config.source,
            spaces={name: each.connector for name, each in config.spaces.items()},
            warnings=[str(warning) for warning in config.warnings],
            at_the_next_start=list(waiting),
        )

    def _load(self) -> tuple[Config, Registry]:
        registry = discover()
        return load(self._config_file, registry), registry
