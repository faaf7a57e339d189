"""The address of the journal's database: what can be one, and where a SQLite file lies.

No message here shows any of an address, for a password may stand anywhere in a wrong one.
"""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from multiorder_sync.secret import Secret

DATABASE_URL: Final = r"^(sqlite:///(?!:memory:$)[^?]+$|postgresql(\+psycopg)?://)"
"""What every address looks like that `check_database_url` takes."""

_SQLITE: Final = "sqlite:///"
_POSTGRESQL: Final = ("postgresql://", "postgresql+psycopg://")


def check_database_url(url: Secret) -> None:
    """Refuse the address of a database that the journal can't be kept in."""
    text = url.reveal()
    if text.startswith("sqlite:"):
        _check_sqlite(text)
    elif text.startswith(_POSTGRESQL):
        _check_postgresql(text)
    else:
        raise ValueError(
            "is not the address of a SQLite or PostgreSQL database"
            "\nwrite sqlite:///FILE, or postgresql://USER:PASSWORD@HOST/NAME"
        )


def located(url: Secret, folder: Path) -> Secret:
    """Return an address that was checked, with a SQLite file counted from a folder.

    Raises:
        ValueError: If no file can lie there; in a second line is the remedy.
    """
    text = url.reveal()
    if not text.startswith(_SQLITE):
        return url
    file = folder / _file(text)
    # Unlike Path's own, these answer False where a folder on the way can't be entered.
    if not os.path.isdir(file.parent):  # noqa: PTH112 - see above
        raise ValueError(
            "the folder of the SQLite file is not there"
            "\nmake it; the path counts from the configuration's folder"
        )
    if os.path.exists(file) and not os.path.isfile(file):  # noqa: PTH110, PTH113 - see above
        raise ValueError("leads to something that is not a file\nname the file itself")
    # The folder's name may hold what means something in a URL.
    return Secret(_SQLITE + quote(str(file), errors="surrogateescape"))


def holds_password(text: str) -> bool:
    """Return whether a password stands in an address that was checked."""
    if text.startswith(_SQLITE):
        return False
    # Here and below, for SQLAlchemy is a good part of what a command would wait for at its start.
    from sqlalchemy import make_url  # noqa: PLC0415 - see above

    url = make_url(text)
    return bool(url.password or url.query.get("password"))


def _file(text: str) -> str:
    return unquote(text.removeprefix(_SQLITE))


def _check_sqlite(text: str) -> None:
    if "?" in text:
        # They could take away the very locks and writes to disk that the journal rests on.
        raise ValueError('a SQLite file takes no options\nleave out "?" and what follows it')
    if not text.startswith(_SQLITE) or _file(text) in ("", ":memory:") or "\0" in _file(text):
        raise ValueError(
            "must name a file, for a journal in memory would lose orders"
            "\nwrite sqlite:///FILE, and sqlite:////FOLDER/FILE from the root"
        )


def _check_postgresql(text: str) -> None:
    if not _is_readable(text):
        raise ValueError(
            "can't be read as the address of a PostgreSQL database"
            '\nwrite postgresql://USER:PASSWORD@HOST/NAME, with %40 for an "@" in the password'
        )
    if find_spec("psycopg") is None:
        raise ValueError(
            "the driver for PostgreSQL is not installed\npip install 'multiorder-sync[postgres]'"
        )


def _is_readable(text: str) -> bool:
    from sqlalchemy import make_url  # noqa: PLC0415 - see above
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415 - see above

    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        return False
    # An "@" too many ends the password early: the rest of it would be shown as host or name.
    whole = "@" not in f"{url.host}{url.database}"
    return whole and (url.port is None or 0 < url.port <= 65535)
