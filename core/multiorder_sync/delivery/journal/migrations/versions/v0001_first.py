"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "orders",
        sa.Column("id", _row_id, primary_key=True),
        sa.Column("space", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text),
        sa.Column("connector", sa.Text, nullable=False),
        sa.Column("destination", sa.Text),
        sa.Column("on_outage", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("error", sa.LargeBinary),
        sa.Column("received", sa.LargeBinary),
        sa.Column("received_at", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.Column("told_status", sa.Integer),
        sa.Column("told_code", sa.Text),
        sa.Column("told_at", sa.Double),
        sa.Column("claim", sa.Text),
        sa.Column("claimed_by", sa.Text),
        sa.Column("claim_until", sa.Double),
        sa.Column("closed_claim", sa.Text),
        sa.Column("redeliveries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("next_attempt_at", sa.Double),
        sa.Column("abandoned_by", sa.Text),
        sa.Column("reason", sa.LargeBinary),
        sa.UniqueConstraint("space", "key", name="orders_space_key"),
    )
    to_do = sa.text("next_attempt_at IS NOT NULL")
    op.create_index(
        "orders_due",
        "orders",
        ["space", "next_attempt_at"],
        sqlite_where=to_do,
        postgresql_where=to_do,
    )
    op.create_index("orders_state", "orders", ["state", "updated_at"])
    op.create_index("orders_claimed_by", "orders", ["claimed_by"])
    op.create_index("orders_received_at", "orders", ["received_at"])
    op.create_table(
        "submissions",
        sa.Column(
            "order_id", _row_id, sa.ForeignKey("orders.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("orders", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("payload", sa.LargeBinary),
        sa.Column("notes", sa.LargeBinary),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("sent_at", sa.Double),
        sa.Column("oms_id", sa.Text),
        sa.Column("oms_ref", sa.Text),
        sa.Column("oms_status", sa.Text),
        sa.Column("created", sa.Boolean),
        sa.Column("warnings", sa.LargeBinary),
        sa.Column("error", sa.LargeBinary),
        sa.Column("updated_at", sa.Double, nullable=False),
    )
    op.create_table(
        "attempts",
        sa.Column("id", _row_id, primary_key=True),
        sa.Column(
            "order_id", _row_id, sa.ForeignKey("orders.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("milliseconds", sa.Double, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("result", sa.Text, nullable=False),
        sa.Column("answer", sa.LargeBinary),
    )
    op.create_index("attempts_order_id", "attempts", ["order_id"])
    op.create_table(
        "answers",
        sa.Column("id", _row_id, primary_key=True),
        sa.Column(
            "order_id", _row_id, sa.ForeignKey("orders.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("code", sa.Text),
    )
    op.create_index("answers_order_id", "answers", ["order_id"])
    op.create_table(
        "alarms",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column(
            "order_id", _row_id, sa.ForeignKey("orders.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("delivered_at", sa.Double),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("next_try_at", sa.Double),
    )
    op.create_index("alarms_next_try_at", "alarms", ["next_try_at"])
    op.create_index("alarms_order_id", "alarms", ["order_id"])
    op.create_table(
        "owners",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("heartbeat_at", sa.Double, nullable=False),
        sa.Column("config", sa.Text),
        sa.Column("loaded_at", sa.Double),
        sa.Column("reload_error", sa.Text),
    )
