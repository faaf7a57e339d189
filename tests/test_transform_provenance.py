"""Where `multiorder transform` says that values come from: what an order says several times over."""

import asyncio
import copy
import json
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from desk import Commands, installed
from whole import CONFIG, ROOT

from multiorder_sync import Connector, DuplicateGuard, Submission, figures_of, order_identity
from multiorder_sync.config import load
from multiorder_sync.delivery.preview import Previewer
from multiorder_sync.delivery.spaces import ServedSpace
from multiorder_sync.oms.mapping import Mappings
from multiorder_sync.oms.plugins import discover

ORDERS = ROOT / "examples" / "orders"
LINE = "orders[0].order_items[0]"


class Previews:
    """Previews of orders for the spaces of config.toml, and how many experiments each took."""

    def __init__(self):
        self._registry = discover()
        self._spaces = load(ROOT / "config.toml", self._registry).spaces
        self.experiments = 0

    def of(self, space, order, connector=None):
        settings = self._spaces[space]
        if connector is None:
            connector = self._registry.connectors[settings.connector].connector
        else:
            settings = msgspec.structs.replace(settings, mapping=Mappings())

        def watch(done, of):
            assert done <= of
            self.experiments = done

        async def preview():
            served = ServedSpace(settings, connector)
            try:
                made = Previewer(served, datetime(2026, 1, 1, tzinfo=UTC), watch=watch)
                return await made.of(order)
            finally:
                await served.aclose()

        return asyncio.run(preview())


@pytest.fixture(scope="module")
def previews():
    return Previews()


def order(name):
    return (ORDERS / name).read_bytes()


@pytest.mark.parametrize(
    ("space", "place", "fields"),
    [
        ("acme", "items[0].price", ["discounts", "price"]),
        ("acme", "items[0].totalPrice", ["discounts", "price", "quantity"]),
        ("acme", "items[0].totalTaxPrice", ["tax"]),
        ("acme", "items[0].quantity", ["quantity"]),
        ("globex", "OrderLine[0].UnitPrice", ["price"]),
        ("globex", "OrderLine[0].Quantity", ["quantity"]),
    ],
)
def test_an_amount_comes_from_what_states_it(previews, space, place, fields):
    preview = previews.of(space, order("single.json"))
    sources = preview.submissions[0].sources[place]
    assert sorted(sources) == [f"{LINE}.{field}" for field in fields]


def test_the_tax_of_a_line_is_its_own_and_not_that_of_its_order(previews):
    preview = previews.of("acme", order("multi-two-addresses.json"))
    for index, submission in enumerate(preview.submissions):
        for line in range(2):
            (source,) = submission.sources[f"items[{line}].totalTaxPrice"]
            assert source == f"orders[{index}].order_items[{line}].tax"


def test_what_is_said_twice_is_not_said_to_be_dropped(previews):
    preview = previews.of("acme", order("single.json"))
    for field in ("email", "phone", "customer.first_name", "customer.metadata.loyalty_tier"):
        assert preview.also_said[field] == (f"orders[0].{field}",)
    for field in ("price", "tax", "discounts"):
        assert preview.also_said[field] == (f"orders[0].{field}",)
    assert preview.also_said[f"{LINE}.subtotal_price"] == (f"{LINE}.price",)
    assert not preview.also_said.keys() & preview.not_carried.keys()
    # An order states a comment of its own: that of its multi-order would stand in for none.
    assert "billing_address.comment" in preview.not_carried


def test_amounts_under_other_names_and_in_a_single_order_are_found_as_well(previews):
    preview = previews.of("acme", order("single-order-body.json"))
    (source, *more) = preview.submissions[0].sources["items[0].totalTaxPrice"]
    assert source in {"items[0].tax", "items[0].tax_amount"}
    assert not more
    assert preview.also_said["items[0].subtotal_price"] == ("items[0].price",)
    assert preview.also_said["appplied_discounts[0].amount"] == ("discounts_amount",)


def test_what_becomes_of_an_amount_is_what_is_said(previews):
    """Whoever follows the answer and changes that field, with what it adds up to, changes the place."""
    body = json.loads(order("single.json"))
    before = previews.of("acme", order("single.json")).submissions[0].values
    changed = copy.deepcopy(body)
    item = changed["orders"][0]["order_items"][0]
    item |= {"price": "19.50", "subtotal_price": "78.00"}
    for each in (changed, changed["orders"][0]):
        each |= {"price": "130.12", "subtotal_price": "112.00"}
    after = previews.of("acme", json.dumps(changed).encode()).submissions[0].values
    assert (str(before["items[0].price"]), str(after["items[0].price"])) == ("18.50", "19.50")


@pytest.mark.parametrize("space", ["acme", "globex"])
def test_a_hundred_lines_take_few_experiments_and_each_line_is_told_from_the_others(
    previews, space
):
    body = json.loads(order("hundred-lines.json"))
    lines = body["orders"][0]["order_items"]
    preview = previews.of(space, order("hundred-lines.json"))
    (submission,) = preview.submissions
    assert len(lines) == 100
    # One for each field of each line would be ten times as many.
    assert previews.experiments < 150
    by_sku = {line["sku"]: index for index, line in enumerate(lines)}
    told = 0
    for place, value in submission.values.items():
        if value in by_sku and submission.sources[place] == (
            f"orders[0].order_items[{by_sku[value]}].sku",
        ):
            told += 1
    assert told >= 100
    if space == "acme":
        assert "orders[0].order_items[].price" in submission.sources["totalPrice"]
        assert submission.sources["items[63].totalTaxPrice"] == ("orders[0].order_items[63].tax",)


class Lines(msgspec.Struct, frozen=True):
    paid: tuple[Decimal, ...]


class LinesOnly(Connector):
    """It carries what the lines cost, and no sums."""

    name, api_version = "lines", 1
    Settings = Payload = Lines
    duplicate_guard = DuplicateGuard.NONE

    def __init__(self, settings, http):
        pass

    def transform(self, order, context):
        (figures,) = figures_of(order, context.prices)
        ref = order_identity(order, 0)
        payload = Lines(tuple(line.paid for line in figures.lines))
        return [Submission(ref=ref, payload=payload, orders=(ref,), fingerprint="f")]

    async def submit(self, submission):
        raise NotImplementedError

    async def find(self, submission):
        raise NotImplementedError

    async def check(self):
        raise NotImplementedError


def test_a_sum_that_is_not_carried_is_said_by_its_parts(previews):
    preview = previews.of("acme", order("single.json"), LinesOnly)
    lines = ("orders[0].order_items[0].price", "orders[0].order_items[1].price")
    for field in ("price", "subtotal_price", "orders[0].price", "orders[0].subtotal_price"):
        assert preview.also_said[field] == lines
    for field in ("tax", "orders[0].tax", "orders[0].shipping_rate.amount"):
        assert field in preview.not_carried


HOOKS = """
import msgspec
from multiorder_sync import hookimpl

@hookimpl
def multiorder_adjust_submission(submission):
    payload = msgspec.structs.replace(submission.payload, type="ADJUSTED")
    return msgspec.structs.replace(submission, payload=payload, notes=("adjusted by rules",))

@hookimpl
def multiorder_veto(submission, multi_order):
    if submission.payload.type == "ADJUSTED" and multi_order.comment == "TEST":
        return "Test orders are not shipped."
"""
FAILING = """
from multiorder_sync import hookimpl

@hookimpl
def multiorder_adjust_submission(submission):
    raise ValueError("no")
"""


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "config.toml"
    text = CONFIG.format(
        journal="journal", base_url="http://127.0.0.1:1", space="", oms="", deadline=5
    )
    file.write_text(text)
    return file


def test_hooks_have_their_say_and_are_named(tmp_path, config):
    guest = json.loads(order("guest.json"))
    file = tmp_path / "order.json"
    with Commands(PYTHONPATH=installed(tmp_path, "rules", HOOKS)) as commands:
        file.write_text(json.dumps(guest))
        adjusted = commands.run("transform", file, "--config", config, "--json")
        file.write_text(json.dumps(guest | {"comment": "TEST"}))
        vetoed = commands.run("transform", file, "--config", config, "--json")
        shown = commands.run("transform", file, "--config", config)
    assert (adjusted.returncode, vetoed.returncode, shown.returncode) == (0, 1, 1)
    said = json.loads(adjusted.stdout)
    assert said["vetoed"] is None
    (submission,) = said["submissions"]
    assert submission["values"]["type"] == "ADJUSTED"
    assert submission["sources"]["type"] == ["hook of rules 1.0"]
    assert submission["sources"]["items[0].quantity"] == ["orders[0].order_items[0].quantity"]
    assert submission["notes"] == ["adjusted by rules"]
    said = json.loads(vetoed.stdout)
    assert said["vetoed"] == "Test orders are not shipped. (rules)"
    assert said["submissions"][0]["values"]["type"] == "ADJUSTED"
    assert "Vetoed, so that it is not sent: Test orders are not shipped." in shown.stdout


def test_a_hook_that_fails_is_named_as_delivery_names_it(tmp_path, config):
    with Commands(PYTHONPATH=installed(tmp_path, "rules", FAILING)) as commands:
        asked = ("transform", ORDERS / "guest.json", "--config", config)
        result = commands.run(*asked, plugin_raises=True)
        as_json = commands.run(*asked, "--json", plugin_raises=True)
    assert (result.returncode, as_json.returncode) == (1, 1)
    assert "multiorder_adjust_submission of rules 1.0 failed" in result.stderr
    assert result.stdout == ""
    said = json.loads(as_json.stdout)
    assert (said["state"], said["code"], said["problems"]) == ("failed", "hook_failed", [])
    assert "multiorder_adjust_submission of rules 1.0 failed" in said["reason"]
    # Where it failed is told, and nothing of the order that was in hand there.
    assert "ValueError: no" in as_json.stderr
    assert json.loads(order("guest.json"))["email"] not in as_json.stderr


def test_a_veto_and_a_refusal_are_told_to_a_script(tmp_path, config):
    file = tmp_path / "order.json"
    vetoing = json.dumps(json.loads(order("guest.json")) | {"comment": "TEST"})
    broken = '{"orders": [{"order_items": [{}]}]}'
    said = []
    with Commands(PYTHONPATH=installed(tmp_path, "rules", HOOKS)) as commands:
        for text in (vetoing, broken):
            file.write_text(text)
            result = commands.run("transform", file, "--config", config, "--json")
            assert (result.returncode, result.stderr) == (1, "")
            said.append(json.loads(result.stdout))
    vetoed, refused = said
    assert (vetoed["state"], vetoed["code"]) == ("vetoed", "vetoed")
    assert vetoed["reason"] == vetoed["vetoed"] == "Test orders are not shipped. (rules)"
    assert (refused["state"], refused["code"]) == ("refused", "invalid_order")
    assert "orders[0].order_items[0].quantity" in {each["path"] for each in refused["problems"]}
    assert (refused["space"], refused["connector"]) == ("acme", "fluentcommerce")


TAKING = """
import msgspec
from multiorder_sync import hookimpl

@hookimpl
def multiorder_adjust_submission(submission):
    attributes = dict(submission.payload.attributes)
    del attributes["nacelle_order_comment"]
    payload = msgspec.structs.replace(submission.payload, attributes=attributes)
    return msgspec.structs.replace(submission, payload=payload)
"""


def test_what_a_package_takes_out_is_told_with_its_name(tmp_path, config):
    commented = json.loads(order("guest.json"))
    commented["orders"][0]["comment"] = "Ring twice."
    file = tmp_path / "order.json"
    file.write_text(json.dumps(commented))
    with Commands(PYTHONPATH=installed(tmp_path, "rules", TAKING)) as commands:
        as_json = commands.run("transform", file, "--config", config, "--json")
        shown = commands.run("transform", file, "--config", config)
    (submission,) = json.loads(as_json.stdout)["submissions"]
    assert submission["taken_out"] == {
        "attributes.nacelle_order_comment": {
            "by": "hook of rules 1.0",
            "sources": ["orders[0].comment"],
        }
    }
    assert "attributes.nacelle_order_comment, of orders[0].comment" in shown.stdout
