"""The guides and config.toml are true: examples load, links lead somewhere, nothing is left out."""

import base64
import copy
import json
import re
import tomllib
import types
from typing import Annotated, Union, get_args, get_origin

import msgspec
import pytest
from whole import ROOT

from multiorder_sync.cli import loading
from multiorder_sync.config import load
from multiorder_sync.config.settings import Config
from multiorder_sync.config.tables import SpaceTable
from multiorder_sync.errors import ConfigurationError, InvalidOrder, MultiOrderError, Problem
from multiorder_sync.metrics import Metrics
from multiorder_sync.nacelle import responses
from multiorder_sync.oms.plugins import discover
from multiorder_sync.secret import Secret

REGISTRY = discover()
CONNECTORS = {name: each.connector for name, each in REGISTRY.connectors.items()}
GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "core/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "plugins").glob("*/README.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
]
CONFIG = (ROOT / "config.toml").read_text("utf-8")
MERCHANT = (ROOT / "docs" / "merchant.md").read_text("utf-8")


def name_of(page):
    return str(page.relative_to(ROOT))


def inline(value):
    """Write plain data as TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {inline(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def merged(base, over):
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    both = {name: merged(base[name], over[name]) for name in base.keys() & over.keys()}
    return {**base, **over, **both}


def sources(value):
    """Yield ("env" or "file", name) for all that a configuration takes from elsewhere."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in {"tls_certificate", "tls_key"}:
                yield "file", inner
            elif name in {"env", "file"} and len(value) == 1:
                yield name, inner
            else:
                yield from sources(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from sources(inner)


@pytest.fixture
def loaded(tmp_path, monkeypatch):
    """Give a function that loads a configuration; what it takes from elsewhere is there."""

    def of(document):
        for number, (form, name) in enumerate(sources(document)):
            # It can be a key of the journal, too.
            secret = base64.urlsafe_b64encode(number.to_bytes(32)).decode()
            if "DATABASE" in name:
                secret = "postgresql://user:password@database/name"
            if form == "env":
                monkeypatch.setenv(name, secret)
            else:
                (tmp_path / name).parent.mkdir(exist_ok=True)
                (tmp_path / name).write_text(f"{secret}\n")
        file = tmp_path / "config.toml"
        text = "\n".join(f"{name} = {inline(value)}" for name, value in document.items())
        # Where a production machine keeps its state is not there on every machine.
        file.write_text(text.replace("/var/lib/multiorder", str(tmp_path)))
        return load(file, REGISTRY)

    return of


def toml_blocks(page):
    """Return the page's examples in TOML; those in a list are indented."""
    found = re.findall(
        r"^( *)```toml\n(.*?)^\1```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    return [tomllib.loads(text) for _, text in found]


BLOCKS = [(page, number) for page in GUIDES for number in range(len(toml_blocks(page)))]


@pytest.mark.parametrize(
    ("page", "number"), BLOCKS, ids=[f"{name_of(page)}-{number}" for page, number in BLOCKS]
)
def test_every_example_of_a_configuration_loads(page, number, loaded):
    blocks = toml_blocks(page)
    block = blocks[number]
    try:
        config = loaded(block)
    except ConfigurationError:
        # An example of one thing: it stands for complete examples with that changed.
        whole = {}
        for other in [*blocks, toml_blocks(ROOT / "docs" / "merchant.md")[0]]:
            try:
                loaded(other)
            except ConfigurationError:
                continue
            whole = merged(other, whole)
        assert whole, "the page has no complete example"
        config = loaded(merged(whole, block))
    assert config.warnings == ()


def test_there_are_examples_of_every_connector_and_of_production():
    named = {
        space.get("connector")
        for page in GUIDES
        for block in toml_blocks(page)
        for space in block.get("spaces", {}).values()
    }
    assert named >= set(CONNECTORS)


def prose(page):
    return re.sub(r"^ *```.*?^ *```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(page):
    """Return the anchors of a page's headings, as GitHub makes them."""
    found = set()
    for heading in re.findall(r"^#{1,6} (.+)$", prose(page), re.MULTILINE):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        slug = base = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        number = 0
        while slug in found:
            number += 1
            slug = f"{base}-{number}"
        found.add(slug)
    return found


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page):
    wrong = []
    for target in re.findall(r"\]\(([^()\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        if not other.exists() or (anchor and anchor not in anchors(other)):
            wrong.append(target)
    assert not wrong


@pytest.mark.parametrize("page", GUIDES[1:], ids=name_of)
def test_the_readme_leads_to_every_guide(page):
    assert f"]({name_of(page)})" in (ROOT / "README.md").read_text("utf-8")


def inner_struct(hint):
    if get_origin(hint) is Annotated:
        return inner_struct(get_args(hint)[0])
    if get_origin(hint) in (Union, types.UnionType):
        return next(filter(None, map(inner_struct, get_args(hint))), None)
    is_struct = isinstance(hint, type) and issubclass(hint, msgspec.Struct)
    return hint if is_struct and hint is not Secret else None


def settings_of(struct, at=""):
    """Yield the dotted names of all settings of a table, and of the tables in it."""
    for field in msgspec.structs.fields(struct):
        name, inner = f"{at}{field.encode_name}", inner_struct(field.type)
        if inner is None:
            yield name
        else:
            yield from settings_of(inner, f"{name}.")


def rows(text, heading):
    """Return the cells of the first table below a heading."""
    below = text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    table = re.search(r"^\|[ \w`|]*\n\|[-|]+\n((?:\|.*\n)+)", below, re.MULTILINE)
    return [line.strip("| \n").split(" | ") for line in table[1].splitlines()]


def spans(cell):
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize("connector", CONNECTORS)
def test_the_connectors_page_has_every_setting_and_no_other(connector):
    page = (ROOT / "docs" / f"{connector}.md").read_text("utf-8")
    named = [name for row in rows(page, "Every setting") for name in spans(row[0])]
    assert len(named) == len(set(named))
    assert set(named) == set(settings_of(CONNECTORS[connector].Settings))


def test_the_merchants_page_has_every_setting_of_a_space_and_no_other():
    tables = rows(MERCHANT, "Configure")
    named = {name for row in tables for name in spans(row[0])}
    assert named == {field.encode_name for field in msgspec.structs.fields(SpaceTable)}
    signature = next(row for row in tables if "`signature`" in row[0])
    assert set(spans(signature[2])) == {
        name.removeprefix("signature.")
        for name in settings_of(SpaceTable)
        if name.startswith("signature.")
    }


TABLES = {
    field.encode_name: struct
    for field in msgspec.structs.fields(Config)
    if (struct := inner_struct(field.type))
}
"""The tables of config.toml beside the spaces."""

# config.toml: a commented-out setting, and the header of a commented-out table.
COMMENTED = re.compile(r'# ((?:[\w*-]+|"[^"]+") = .*)')
HEADER = re.compile(r"(?:# )?\[([\w.-]+)\]")

# They have no default that could be written there, or one that is written otherwise.
EXAMPLES = {
    "server.tls_key",
    "alarms.webhook_secret",
    "spaces.acme.headers.x-api-key",
    "spaces.globex.oms.extra_headers.x-gateway-key",
}
SAME_AS_NONE = {"spaces.acme.oms.order_ref", "spaces.globex.oms.order_ref"}
"""`identity` is what stands there without the setting."""

NEEDS = {
    "server.tls_key": (("server", "tls_certificate"), "tls/cert.pem"),
    "alarms.webhook_url": (("alarms", "webhook_secret"), {"env": "MULTIORDER_ALARM_SECRET"}),
}
"""Settings that can't stand without another one."""

LOOK_UPS = {
    "payment_methods": "payment_method",
    "payment_types": "payment_type",
    "card_types": "card_type",
}
"""Tables that stand beside defaults: who reads them."""


def commented_out():
    """Return the dotted path, the value and the comment of each commented-out setting."""
    table, found = (), []
    for line in CONFIG.splitlines():
        if header := HEADER.match(line):
            table = tuple(header[1].split("."))
        elif setting := COMMENTED.fullmatch(line):
            ((name, value),) = tomllib.loads(setting[1]).items()
            comment = setting[1].rpartition("  # ")[2]
            found.append(((*table, name), value, comment))
    return found


LINES = commented_out()


def changed(document, path, value):
    document = copy.deepcopy(document)
    table = document
    for name in path[:-1]:
        table = table.setdefault(name, {})
    table[path[-1]] = value
    return document


def comparable(config):
    """Leave out the mappings, which hold functions, and what is no setting."""
    spaces = {
        name: msgspec.structs.replace(space, mapping=None) for name, space in config.spaces.items()
    }
    return msgspec.structs.replace(config, spaces=spaces, warnings=())


@pytest.mark.parametrize(
    ("path", "value", "comment"), LINES, ids=[".".join(path) for path, _, _ in LINES]
)
def test_what_config_toml_shows_is_the_default_or_an_example(path, value, comment, loaded):
    document = tomllib.loads(CONFIG)
    dotted = ".".join(path)
    if dotted in NEEDS:
        document = changed(document, *NEEDS[dotted])
    before = loaded(document)
    after = loaded(changed(document, path, value))
    if path[-2] in LOOK_UPS:
        look_up = getattr(before.spaces[path[1]].oms, LOOK_UPS[path[-2]])
        assert look_up(path[-1]) == value
    elif dotted in EXAMPLES | SAME_AS_NONE or "default:" in comment:
        assert comparable(after) != comparable(before)
    else:
        assert comparable(after) == comparable(before)


def test_what_config_toml_sets_beside_its_spaces_is_the_default(loaded):
    document = tomllib.loads(CONFIG)
    assert {"server", "journal"} <= document.keys()
    assert comparable(loaded(document)) == comparable(loaded({"spaces": document["spaces"]}))


def test_config_toml_as_it_stands_warns_of_nothing(loaded):
    assert loaded(tomllib.loads(CONFIG)).warnings == ()


def test_the_lines_of_config_toml_are_not_too_long():
    long = [line for line in CONFIG.splitlines() if len(line) > 110]
    # An expression can't be broken into lines.
    assert not [line for line in long if not line.startswith("# pickup_location = ")]


def test_config_toml_has_every_setting():
    paths = {".".join(path) for path, _, _ in LINES}

    def walk(table, at):
        for name, inner in table.items():
            paths.add(f"{at}{name}")
            if isinstance(inner, dict):
                walk(inner, f"{at}{name}.")

    document = tomllib.loads(CONFIG)
    walk(document, "")
    assert {"server", "journal", "redelivery", "alarms", "circuit_breaker"} <= TABLES.keys()
    wanted = {f"{at}.{name}" for at, table in TABLES.items() for name in settings_of(table)}
    wanted |= {f"spaces.acme.{name}" for name in settings_of(SpaceTable)}
    for space_id, space in document["spaces"].items():
        settings = CONNECTORS[space["connector"]].Settings
        wanted |= {f"spaces.{space_id}.oms.{name}" for name in settings_of(settings)}
    assert {space["connector"] for space in document["spaces"].values()} == set(CONNECTORS)
    tables = {path.rpartition(".")[0] for path in paths}
    assert wanted <= paths | tables


def errors(kind=MultiOrderError):
    for inner in kind.__subclasses__():
        # Of a wrong configuration nothing is served that could answer.
        if inner.__module__ == "multiorder_sync.errors" and inner is not ConfigurationError:
            yield inner
            yield from errors(inner)


def answers():
    """Yield status and code of every answer that is not a 200."""
    for kind in errors():
        error = kind([Problem("id", "is missing")]) if kind is InvalidOrder else kind("No.")
        reply = responses.failure(error, "a-request")
        yield reply.status, reply.code
    yield 500, responses.internal_error("a-request").code
    for status in range(400, 600):
        try:
            yield status, responses.http_problem(status, "a-request").code
        except KeyError:
            continue


def test_the_table_of_answers_has_every_answer_and_no_other():
    said = {
        (int(status), code)
        for row in rows(MERCHANT, "What Nacelle is answered")
        if row[0] != "200"
        for status, code in zip(row[0].split(", "), spans(row[1]), strict=True)
    }
    assert said == set(answers())


def commands(inner, at):
    if not hasattr(inner, "commands"):
        yield at
        return
    for name, each in inner.commands.items():
        yield from commands(each, f"{at} {name}")


COMMANDS = [
    command
    for name in loading.SENTENCES
    for command in commands(loading.load(name), f"multiorder {name}")
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_guides(command):
    assert any(command in page.read_text("utf-8") for page in GUIDES)


def test_the_guides_name_every_place_that_no_mapping_may_change():
    table = MERCHANT.split("| connector | reserved |\n|---|---|\n")[1].split("\n\n")[0]
    cells = [[spans(cell) for cell in row.split(" | ")] for row in table.splitlines()]
    said = {name: places for (name,), places in cells}
    assert said == {name: list(each.reserved) for name, each in CONNECTORS.items()}


def test_every_metric_is_in_the_guide_with_its_labels():
    page = (ROOT / "docs" / "operator.md").read_text("utf-8")
    metrics = Metrics()
    for family in metrics.families():
        row = next(line for line in page.splitlines() if line.startswith(f"| `{family.name}"))
        assert spans(row.split(" | ")[1]) == list(family.labels), family.name


def every_test():
    found = set()
    for folder in ("core/tests", "plugins", "tests"):
        for file in (ROOT / folder).rglob("test_*.py"):
            found |= set(re.findall(r"def (test_\w+)\(", file.read_text("utf-8")))
    return found


RELIABILITY = (ROOT / "docs" / "reliability.md").read_text("utf-8")
PROMISES = [
    row
    for table in re.findall(
        r"^\| promise \| kept by \|\n\|---\|---\|\n((?:\|.*\n)+)", RELIABILITY, re.MULTILINE
    )
    for row in table.splitlines()
]


@pytest.mark.parametrize("promise", PROMISES)
def test_every_promise_names_tests_that_there_are(promise):
    said, tests = promise.strip("| ").split(" | ")
    assert said.endswith(".")
    assert spans(tests)
    assert set(spans(tests)) <= every_test()
