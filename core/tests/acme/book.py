"""The journal's database, as anyone with access to it sees it."""

import contextlib

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool


class Book:
    """The journal's database, read and written as anyone with access to it can.

    Args:
        url: Its address.
    """

    def __init__(self, url):
        address = make_url(url)
        self.sqlite = address.get_backend_name() == "sqlite"
        if not self.sqlite:
            address = address.set(drivername="postgresql+psycopg")
        waits = {"timeout": 60} if self.sqlite else {}
        self.engine = create_engine(address, poolclass=NullPool, connect_args=waits)

    def rows(self, statement, **values):
        """Return what a statement finds, as dictionaries."""
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(text(statement), values).mappings()]

    def write(self, statement, **values):
        """Change something."""
        with self.engine.begin() as connection:
            connection.execute(text(statement), values)

    def order(self, key):
        """Return an order's row, if there is one."""
        found = self.rows("SELECT * FROM orders WHERE key = :key", key=key)
        assert len(found) <= 1
        return found[0] if found else None

    def state(self, key):
        """Return an order's state, unless someone has it in hand."""
        row = self.order(key)
        return row["state"] if row and row["claim"] is None else None

    def submissions(self, key):
        return self._of("submissions", key, "position")

    def states(self, key):
        return [row["state"] for row in self.submissions(key)]

    def attempts(self, key):
        return self._of("attempts", key, "id")

    def answers(self, key):
        return [(row["status"], row["code"]) for row in self._of("answers", key, "id")]

    def alarms(self, key):
        return sorted(row["kind"] for row in self._of("alarms", key, "id"))

    def _of(self, table, key, by):
        return self.rows(
            f"SELECT t.* FROM {table} t JOIN orders o ON o.id = t.order_id "
            f"WHERE o.key = :key ORDER BY t.{by}",
            key=key,
        )

    @property
    def is_free(self):
        """Whether nobody is in the middle of a write that holds up all others."""
        if not self.sqlite:
            return not self.rows(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'multiorder' "
                "AND datname = current_database() AND xact_start IS NOT NULL"
            )
        with self.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout = 100")
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            except OperationalError:
                return False
            connection.rollback()
        return True

    def forget_the_dead(self):
        """Let seconds pass for those that died: on PostgreSQL that is part of how they are known."""
        self.write("UPDATE owners SET heartbeat_at = heartbeat_at - 60")

    def let_creates_age(self, seconds):
        """Let time pass since the last creates have left, or may have left."""
        self.write("UPDATE submissions SET sent_at = sent_at - :seconds", seconds=seconds)

    @contextlib.contextmanager
    def blocked(self):
        """Let no one write orders while the block lasts."""
        with self.engine.connect() as connection:
            if self.sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.exec_driver_sql("LOCK TABLE orders IN SHARE ROW EXCLUSIVE MODE")
            yield
            connection.rollback()


class Block:
    """Keeps the journal from being written from one step of an order on.

    Attributes:
        at: The step; none yet if it is None.
    """

    def __init__(self, book, at=None):
        self.at = at
        self._book = book
        self._stack = contextlib.ExitStack()

    def __call__(self, step):
        if step == self.at:
            self.at = None
            self._stack.enter_context(self._book.blocked())

    def lift(self):
        self._stack.close()
