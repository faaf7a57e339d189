"""What a run is made of."""

from typing import Literal

import msgspec

from chaos.books import Space

UNGUARDED = "-unguarded"
"""What a connector's name ends with where its OMS takes every duplicate."""

SECRETS = ("nacelle-signing-secret-1", "nacelle-signing-secret-2")

STEPS = ("received", "opened", "frozen", "sending", "sent", "closed")
"""The steps of an order's way, at each of which a server can die."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One run.

    Attributes:
        name: For the table.
        database: Where the journal is.
        orders: How many multi-orders are sent, at least: it goes on until enough went wrong.
        seconds: How long it takes to send them.
        most_seconds: After which time no more are sent, even if not enough went wrong.
        seed: From which all that is chosen follows; when it happens is the machine's affair.
        servers: How many there are.
        accept_duplicates: Whether the OMSs take the same order twice, and the connectors say so.
        encrypted: Whether the journal encrypts.
        patience: How long at most somebody waits before a failed order is sent again.
        deadlines: Of calls, in seconds; a server's is chosen at each of its starts.
        delays: Between the redeliveries of an order.
        late_commit: How long after a create an order may still come up in the OMS.
        longest_latency: How late an OMS may handle a call; less than `late_commit`.
        killed_every: Seconds between two kills at random, on average.
        dies_at: The steps at which servers die first, and must have died in the end.
        dies_after: How often at most a step is taken by a server that is to die at it.
        away: How long at most it takes until a server that ended is started again.
        faults_every: Seconds between two faults.
        full_every: Seconds between two times that the disk is full.
        full_seconds: How long it is full at most.
        restarts: How often PostgreSQL is restarted.
        stalls: How long the longest standstill of a server lasts; 0: none stands still.
        locks_out: Whether an OMS refuses our credentials at times: then no new token is asked for
            for a quarter of a minute.
        settled_within: How long recovery may take.
        whole: Whether each thing that can go wrong must have gone wrong, or the worst of it.
        least_accepted: The least part of all orders that must be accepted for it to prove anything.
    """

    name: str
    database: Literal["sqlite", "postgresql"]
    orders: int
    seconds: float
    most_seconds: float
    seed: int
    servers: int = 3
    accept_duplicates: bool = False
    encrypted: bool = False
    patience: float = 3.0
    deadlines: tuple[float, ...] = (1.5, 2.0, 2.5, 3.0)
    delays: tuple[float, ...] = (1, 1, 1, 2, 2, 3, 3, 5, 5, 10, 10, 10)
    late_commit: float = 6.0
    longest_latency: float = 4.5
    killed_every: float = 5.0
    dies_at: tuple[str, ...] = STEPS
    dies_after: int = 60
    away: float = 2.0
    faults_every: float = 0.8
    full_every: float = 25.0
    full_seconds: float = 2.5
    restarts: int = 3
    stalls: float = 25.0
    locks_out: bool = True
    settled_within: float = 150.0
    whole: bool = True
    least_accepted: float = 0.5

    @property
    def spaces(self):
        """Each OMS with each promise."""
        return tuple(
            Space(
                id=f"{oms}-{on_outage}",
                oms=oms,
                on_outage=on_outage,
                guarded=not self.accept_duplicates,
            )
            for oms in ("fluentcommerce", "manhattan")
            for on_outage in ("fail", "queue")
        )


def long_plans(*, orders, seconds, seed):
    """Return the runs of the whole campaign: each database, and OMSs that take duplicates."""
    return (
        Plan(
            name="SQLite",
            database="sqlite",
            orders=orders,
            seconds=seconds,
            most_seconds=seconds * 4,
            seed=seed,
        ),
        Plan(
            name="PostgreSQL",
            database="postgresql",
            orders=orders,
            seconds=seconds,
            most_seconds=seconds * 4,
            seed=seed + 1,
            encrypted=True,
        ),
        Plan(
            name="duplicates taken",
            database="sqlite",
            orders=orders // 2,
            seconds=seconds / 2,
            most_seconds=seconds * 2,
            seed=seed + 2,
            accept_duplicates=True,
            least_accepted=0.4,
            # In doubt for good where the OMS never shows it: the ladder has to end within the run.
            delays=(1, 1, 1, 1, 2, 2, 2, 2, 3, 3),
        ),
    )


def short_plan(database, *, seed=1):
    """Return a run that takes some twenty seconds."""
    return Plan(
        name=database,
        database=database,
        orders=150,
        seconds=8.0,
        most_seconds=120.0,  # other tests may leave it little of the machine
        seed=seed,
        servers=2,
        encrypted=database == "postgresql",
        patience=1.0,
        deadlines=(1.0, 1.3, 1.6),
        delays=(0.5, 0.5, 1, 1, 1, 2, 2, 3, 3, 5),
        late_commit=3.0,
        longest_latency=2.0,
        killed_every=2.5,
        dies_at=("sending", "sent"),
        dies_after=40,
        away=0.2,
        faults_every=0.3,
        full_every=4.0 if database == "sqlite" else 7.0,
        full_seconds=0.8,
        restarts=1,
        stalls=0.0,
        locks_out=False,
        settled_within=40.0,
        whole=False,
        least_accepted=0.3,
    )
