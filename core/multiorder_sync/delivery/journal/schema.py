"""The journal's tables.

What could hold a shopper's data is in columns of bytes, which are encrypted where a key is
configured (`sealing`). Times are the database's where processes compare them, and otherwise those
of the process that wrote them.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from multiorder_sync.delivery.journal.columns import AnyText, Instant

metadata: Final = MetaData()

# SQLite numbers rows by itself only in a column of exactly this type.
_RowId = BigInteger().with_variant(Integer(), "sqlite")

_TO_DO: Final = text("next_attempt_at IS NOT NULL")

orders: Final = Table(
    "orders",
    metadata,
    Column("id", _RowId, primary_key=True),
    Column("space", Text, nullable=False),
    Column("key", AnyText, nullable=False),  # of the multi-order within its space
    Column("fingerprint", Text),  # of its content; none if it could not be decoded
    Column("connector", Text, nullable=False),
    Column(
        "destination", Text
    ),  # the OMS that its submissions were made for; none if there are none
    Column("on_outage", Text, nullable=False),  # as configured when the last call for it came
    Column("state", Text, nullable=False),
    Column("error", LargeBinary),  # sealed; what happened before there were submissions
    Column("received", LargeBinary),  # sealed; the bytes as they came
    Column("received_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("told_status", Integer),  # what Nacelle was answered last
    Column("told_code", Text),
    Column("told_at", Instant),
    Column("claim", Text),  # of the one call or redelivery that has it in hand
    Column("claimed_by", Text),  # the process that it belongs to
    Column("claim_until", Double),  # by the database's clock
    Column("closed_claim", Text),  # the last one that was closed
    Column("redeliveries", Integer, nullable=False, server_default="0"),
    Column("next_attempt_at", Double),  # by the database's clock; none: nothing is to be done
    Column("abandoned_by", AnyText),
    Column("reason", LargeBinary),  # sealed; why it was abandoned
    UniqueConstraint("space", "key", name="orders_space_key"),
    # However long one space's backlog is, another's orders are found at once.
    Index(
        "orders_due",
        "space",
        "next_attempt_at",
        sqlite_where=_TO_DO,
        postgresql_where=_TO_DO,
    ),
    Index("orders_state", "state", "updated_at"),
    Index("orders_claimed_by", "claimed_by"),
    Index("orders_received_at", "received_at"),
)

submissions: Final = Table(
    "submissions",
    metadata,
    Column("order_id", _RowId, ForeignKey("orders.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("ref", AnyText, nullable=False),
    Column("orders", AnyText, nullable=False),  # JSON: the Nacelle orders that it stands for
    Column("fingerprint", Text, nullable=False),
    Column("payload", LargeBinary),  # sealed
    Column("notes", LargeBinary),  # sealed JSON: what the transform decided
    Column("state", Text, nullable=False),
    Column("sent_at", Instant),  # when a create may last have left us, by the database's clock
    Column("oms_id", AnyText),
    Column("oms_ref", AnyText),
    Column("oms_status", AnyText),
    Column("created", Boolean),  # whether we created it, or found it there
    Column("warnings", LargeBinary),  # sealed JSON: what the OMS remarked
    Column("error", LargeBinary),  # sealed JSON
    Column("updated_at", Instant, nullable=False),
)

attempts: Final = Table(
    "attempts",
    metadata,
    Column("id", _RowId, primary_key=True),
    # Of the order and not of a submission: they stay when the order is transformed anew.
    Column("order_id", _RowId, ForeignKey("orders.id", ondelete="CASCADE"), nullable=False),
    Column("ref", AnyText, nullable=False),
    Column("at", Instant, nullable=False),
    Column("milliseconds", Double, nullable=False),
    Column("action", Text, nullable=False),  # "submit" or "find"
    Column("caller", AnyText, nullable=False),  # "nacelle", "redelivery", or the operator
    Column("result", Text, nullable=False),  # "accepted", "absent", or an error's code
    Column("answer", LargeBinary),  # sealed; what the OMS said, redacted
    Index("attempts_order_id", "order_id"),
)

answers: Final = Table(
    "answers",
    metadata,
    Column("id", _RowId, primary_key=True),
    Column("order_id", _RowId, ForeignKey("orders.id", ondelete="CASCADE"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("code", Text),
    Index("answers_order_id", "order_id"),
)

alarms: Final = Table(
    "alarms",
    metadata,
    Column("id", Text, primary_key=True),
    Column("order_id", _RowId, ForeignKey("orders.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("delivered_at", Instant),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_try_at", Double),  # by the database's clock; none: nothing is to be done
    Index("alarms_next_try_at", "next_try_at"),
    Index("alarms_order_id", "order_id"),
)

owners: Final = Table(
    "owners",
    metadata,
    Column("id", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("heartbeat_at", Double, nullable=False),  # by the database's clock
    Column("config", AnyText),  # the file that it serves
    Column("loaded_at", Instant),  # when it last took that file
    Column("reload_error", AnyText),  # why it did not take it since
)
