"""The servers' configuration: what stays as it is, and what may change between crash and recovery."""

from chaos.plan import SECRETS, UNGUARDED

_OMS = {
    "fluentcommerce": """
account = "SANDBOX"
client_id = "SANDBOX"
client_secret = "sandbox-client-secret"
username = "integration"
password = "sandbox-password"
retailer_id = "1"
delivery_types = {"*" = "STANDARD"}
""",
    "manhattan": """
client_id = "sandbox-client"
client_secret = "sandbox-client-secret"
username = "integration@sandbox"
password = "sandbox-password"
shipping_methods = {"*" = "STD"}
""",
}
_PLACE = {"fluentcommerce": "attributes", "manhattan": "OrderAttribute"}
_MAPPINGS = (
    {},
    {"channel": "multi_order.metadata.channel"},
    {"campaign": "multi_order.metadata.campaign"},
    {"channel": "multi_order.metadata.campaign", "tag": "order.metadata.tags[0]"},
)
_KEYS = (
    "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY=",
)


class Variation:
    """What differs from one start of a server to the next.

    Args:
        deadline: Of calls, in seconds.
        mapping: Which of the mappings.
        swapped: Whether secrets and keys stand in the other order.
    """

    def __init__(self, deadline, mapping=0, swapped=False):
        self.deadline = deadline
        self.mapping = _MAPPINGS[mapping]
        self.swapped = swapped

    @classmethod
    def drawn(cls, plan, rng):
        """Return one of all that there are."""
        return cls(rng.choice(plan.deadlines), rng.randrange(len(_MAPPINGS)), rng.random() < 0.5)


def configuration(plan, variation, *, port, journal, urls):
    """Return the text of a server's config.toml."""
    keys = _ordered(_KEYS, variation) if plan.encrypted else "[]"
    text = f"""
[server]
port = {port}
log_format = "json"
shutdown_grace_seconds = 6

[journal]
url = "{journal}"
encryption_keys = {keys}

[redelivery]
delays_seconds = {list(plan.delays)}
late_commit_seconds = {plan.late_commit}
max_concurrent = 20

[circuit_breaker]
failures = 6
failing_seconds = 0.6
probe_seconds = 0.5
"""
    return text + "".join(_space(plan, space, variation, urls[space.oms]) for space in plan.spaces)


def _space(plan, space, variation, url):
    mapping = "".join(
        f'"{_PLACE[space.oms]}.{name}" = "{expression}"\n'
        for name, expression in variation.mapping.items()
    )
    return f"""
[spaces.{space.id}]
connector = "{space.oms}{UNGUARDED if plan.accept_duplicates else ""}"
secrets = {_ordered(SECRETS, variation)}
deadline_seconds = {variation.deadline}
on_outage = "{space.on_outage}"

[spaces.{space.id}.oms]
base_url = "{url}"
{_OMS[space.oms]}
[spaces.{space.id}.mapping]
{mapping}"""


def _ordered(texts, variation):
    return str(list(reversed(texts)) if variation.swapped else list(texts)).replace("'", '"')
