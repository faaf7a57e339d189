"""docs/plugin-author.md is true: its code runs, and nothing that it should name is left out."""

import inspect
import re
import sys
import textwrap
import types
from datetime import UTC, datetime

import pluggy
import pytest
from whole import ROOT

import multiorder_sync
from multiorder_sync import (
    Call,
    Connector,
    Context,
    InvalidSettings,
    OutboundClient,
    Settlement,
    Submission,
    fingerprint,
)
from multiorder_sync.config.targets import mapping_targets
from multiorder_sync.nacelle.decoding import OrderDecoder
from multiorder_sync.oms.contract import flaw_of
from multiorder_sync.oms.hookspecs import HOOK_SECONDS, PROJECT, HookSpecs
from multiorder_sync.sandbox import serving

PAGE = (ROOT / "docs" / "plugin-author.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
HOOKS = {
    name: list(inspect.signature(specification).parameters)[1:]
    for name, specification in vars(HookSpecs).items()
    if name.startswith("multiorder_")
}
ORDER = OrderDecoder().decode(
    b'{"id": "mo-1", "orders": [{"id": "o-1", "comment": "TEST", '
    b'"order_items": [{"sku": "SKU-1", "quantity": 2}]}]}'
)
CONTEXT = Context(space="acme", received_at=datetime(2026, 1, 1, tzinfo=UTC))


def run(block):
    module = {"__name__": "example"}
    exec(compile(block, "docs/plugin-author.md", "exec"), module)
    return module


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_every_block_of_code_runs(block):
    run(block)


def test_the_example_is_a_connector_that_can_be_used():
    (block,) = [block for block in BLOCKS if "class AcmeSettings" in block]
    connector = run(block)["AcmeConnector"]
    assert flaw_of(connector, "acme") is None
    (submission,) = connector(None, None).transform(ORDER, CONTEXT)
    assert (submission.ref, submission.payload.skus) == ("o-1", ("SKU-1",))


def on_the_page(hook):
    (block,) = [block for block in BLOCKS if f"def {hook}(" in block]
    return block


def at_the_specification(hook):
    return textwrap.dedent(getattr(HookSpecs, hook).__doc__.partition("Example:\n")[2])


@pytest.fixture
def acme_package(monkeypatch):
    """The package that the examples are of."""
    (block,) = [block for block in BLOCKS if "class AcmeSettings" in block]
    module = types.ModuleType("multiorder_acme.connector")
    vars(module).update(run(block))
    monkeypatch.setitem(sys.modules, "multiorder_acme", types.ModuleType("multiorder_acme"))
    monkeypatch.setitem(sys.modules, "multiorder_acme.connector", module)


@pytest.mark.usefixtures("acme_package")
@pytest.mark.parametrize("example", [on_the_page, at_the_specification])
def test_the_examples_of_hooks_do_what_is_said(capsys, example):
    def called(hook, **arguments):
        """Register the example of a hook and call it as core does."""
        manager = pluggy.PluginManager(PROJECT)
        manager.add_hookspecs(HookSpecs)
        module = type("Module", (), {})()
        vars(module).update(run(example(hook)))
        manager.register(module)
        manager.check_pending()
        return getattr(manager.hook, hook)(**arguments)

    submission = Submission(ref="o-1", payload=None, orders=("o-1",), fingerprint="f")
    given = {"submission": submission, "multi_order": ORDER, "context": CONTEXT}
    (adjusted,) = called("multiorder_adjust_submission", **given)
    assert adjusted.notes == ("checked by acme-rules",)
    assert called("multiorder_veto", **given) == ["Test orders are not shipped."]
    settlement = Settlement(
        space="acme",
        order="mo-1",
        connector="acme",
        state="accepted",
        results=(),
        told_status=200,
        at=datetime.now(UTC),
    )
    called("multiorder_order_settled", settlement=settlement)
    assert capsys.readouterr().out == "mo-1 is in acme\n"
    ((connector,),) = called("multiorder_connectors")
    assert issubclass(connector, Connector)
    (sandboxes,) = called("multiorder_sandboxes")
    assert set(sandboxes) == {"acme"}


@pytest.mark.parametrize(("hook", "arguments"), HOOKS.items())
def test_every_hook_is_documented_with_its_arguments_and_an_example(hook, arguments):
    assert f"**`{hook}({', '.join(arguments)})`**" in PAGE
    assert any(f"def {hook}(" in block for block in BLOCKS)


def rows(heading):
    """Return the first cells of the first table below a heading or a paragraph."""
    table = PAGE.split(heading, 1)[1].split("|---|", 1)[1].split("\n\n", 1)[0]
    return [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines()[1:]]


def test_the_page_says_what_holds():
    assert f"have {HOOK_SECONDS:g} seconds" in PAGE
    assert f"`{multiorder_sync.API_VERSION}` today" in PAGE
    for field in Settlement.__struct_fields__:
        assert f"`{field}`" in PAGE


def test_the_tables_of_the_contract_have_every_attribute_and_every_argument():
    assert rows("| attribute | says |\n") == [f"`{name}`" for name in ATTRIBUTES]
    methods = {name: each for name, each in vars(Connector).items() if inspect.isfunction(each)}
    del methods["__init__"]
    assert rows("| method | does | raises |\n") == [
        f"`{name}({', '.join(list(inspect.signature(method).parameters)[1:])})`"
        for name, method in methods.items()
    ]


ATTRIBUTES = (
    "name", "api_version", "Settings", "Payload", "duplicate_guard", "not_carried", "destination",
    "reserved",
)  # fmt: skip


def test_the_attributes_are_those_of_the_class_and_its_docstring():
    assert set(ATTRIBUTES) == set(Connector.__annotations__)
    for name in ATTRIBUTES:
        assert f"\n    {name}: " in inspect.getdoc(Connector)


def public(kind):
    found = {name: getattr(multiorder_sync, name) for name in multiorder_sync.__all__}
    return {name for name, value in found.items() if kind(value)}


def is_error(value):
    return inspect.isclass(value) and issubclass(value, Exception)


def test_the_tables_have_every_public_error_and_function():
    of_settings = {"ConfigurationError", "InvalidSettings"}
    errors = {name.strip("`") for name in rows("## What an answer means\n")}
    assert errors == public(is_error) - of_settings
    assert all(f"`{name}`" in PAGE for name in of_settings)
    named = {
        name for row in rows("Core reads the order once") for name in re.findall(r"`(\w+)", row)
    }
    assert named >= public(inspect.isfunction)
    assert named <= set(multiorder_sync.__all__)


def test_every_public_name_but_plain_parts_of_an_order_is_on_the_page_or_in_the_reference():
    reference = (ROOT / "docs" / "reference.md").read_text("utf-8")
    assert all(f"### `{name}`" in reference for name in multiorder_sync.__all__)


def test_the_examples_of_settings_and_of_mapping_targets_do_what_is_said():
    (block,) = [block for block in BLOCKS if "class StoreSettings" in block]
    module = run(block)
    with pytest.raises(InvalidSettings) as raised:
        module["StoreSettings"](gift_text="order.", hold=True)
    assert [problem.path for problem in raised.value.problems] == ["gift_text", "hold_reason"]
    store = module["Store"](module["StoreSettings"](gift_text="order.comment"))
    assert store.gift_text(ORDER, ORDER.orders[0]) == "TEST"
    assert store.kinds(ORDER, ORDER.orders[0]) == ["home"]
    (block,) = [block for block in BLOCKS if "class Payload(" in block]
    targets = {each.path: each.description for each in mapping_targets(run(block)["Payload"])}
    assert targets == {
        "orderKey": "",
        "gift": "whether it is wrapped",
        "attributes.NAME": "the custom field of that name",
    }


async def test_the_example_of_a_sandbox_refuses_takes_and_lists():
    (block,) = [block for block in BLOCKS if "class Oms" in block]
    module = run(block)

    async def call(http, url, **more):
        made = Call(
            operation="test", url=url, creates=False, method=more.pop("method", "GET"), **more
        )
        return await http.send(made)

    async with serving(module["create_sandbox"]()) as oms:
        http = OutboundClient(secrets=[])
        order = {
            "method": "POST",
            "content": b'{"ref": "o-1"}',
            "headers": {"authorization": module["BASIC"]},
        }
        assert (await call(http, f"{oms}/orders", **order)).status == 201
        assert (await call(http, f"{oms}/orders", **order)).status == 409
        assert (await call(http, f"{oms}/orders", **order | {"content": b"{}"})).status == 422
        listed = (await call(http, f"{oms}/_sandbox/orders")).json()
        calls = (await call(http, f"{oms}/_sandbox/calls")).json()["calls"]
        await http.aclose()
    assert listed == {"orders": [{"id": "A-1", "ref": "o-1"}]}
    assert [bool(each["took_effect_at"]) for each in calls] == [True, False, False]


def test_a_fingerprint_is_as_long_as_the_page_says():
    assert f"{len(fingerprint(ORDER, ORDER.orders))} characters" in PAGE
