"""`multiorder serve`: the endpoint."""

from typing import Annotated

import msgspec
import structlog
import typer

from multiorder_sync.cli.common import DEFAULT_CONFIG, ConfigFile, address_taken, load_config
from multiorder_sync.delivery.spaces import serve_spaces
from multiorder_sync.observe import configure_logging
from multiorder_sync.server.app import create_app
from multiorder_sync.server.serve import bind, serve


def command(
    config_file: ConfigFile = DEFAULT_CONFIG,
    host: Annotated[str | None, typer.Option(help="Instead of host in config.toml.")] = None,
    port: Annotated[
        int | None, typer.Option(help="Instead of port in config.toml.", min=0, max=65535)
    ] = None,
) -> None:
    """Serve POST /sync/consume until Ctrl-C or SIGTERM."""
    config, registry = load_config(config_file)
    settings = config.server
    if host is not None:
        settings = msgspec.structs.replace(settings, host=host)
    if port is not None:
        settings = msgspec.structs.replace(settings, port=port)
    configure_logging(settings.log_format, settings.log_level)
    try:
        listener = bind(settings.host, settings.port)
    except OSError as error:
        remedy = "Stop what uses it, or choose another with --port or [server] port."
        address_taken(settings.host, settings.port, error, remedy)
    spaces = serve_spaces(config, registry)
    structlog.get_logger().info(
        "serving",
        host=settings.host,
        port=listener.getsockname()[1],
        spaces={space.id: space.settings.connector for space in spaces.values()},
        broken=[space.id for space in spaces.values() if space.broken],
    )
    serve(create_app(spaces, settings), settings, listener)
