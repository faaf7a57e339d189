"""What is installed is found, and what is broken is reported without taking down the rest."""

import json
import subprocess
import sys

import pytest

from multiorder_sync.config import load
from multiorder_sync.oms import plugins
from multiorder_sync.oms.hookspecs import HookSpecs, hookspec
from multiorder_sync.oms.plugins import BrokenPlugin, InstalledConnector, Registry, discover


def broken_of(registry: Registry, name: str) -> BrokenPlugin:
    found = registry.look_up(name)
    assert isinstance(found, BrokenPlugin), found
    return found


def test_an_installed_connector_is_found_with_its_package(packages):
    packages.install_connector("acme-oms", version="2.5", entry_point="acme-entry")
    found = discover().look_up("acme")
    assert isinstance(found, InstalledConnector)
    assert found.connector.name == "acme"
    assert (found.distribution, found.version, found.entry_point) == (
        "acme-oms",
        "2.5",
        "acme-entry",
    )


def test_a_name_that_nothing_claims_is_not_found(packages):
    packages.install_connector("acme-oms")
    assert discover().look_up("acmee") is None


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import nothing_of_this_name", "No module named 'nothing_of_this_name'"),
        ("def broken(:", "SyntaxError"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
        ("class Panic(BaseException): ...\nraise Panic('of Rust')", "Panic: of Rust"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        (
            "class Mute(Exception):\n    def __str__(self): raise ValueError\nraise Mute",
            "<exception str() failed>",
        ),
    ],
)
def test_a_plugin_that_fails_to_import_is_broken_under_its_entry_point(packages, code, reason):
    packages.install("acme-oms", code, entry_point="acme")
    packages.install_connector("other-oms", "other", entry_point="other")
    registry = discover()
    plugin = broken_of(registry, "acme")
    assert reason in plugin.reason
    assert plugin.remedy
    assert (plugin.distribution, plugin.version, plugin.entry_point) == ("acme-oms", "1.0", "acme")
    assert isinstance(registry.look_up("other"), InstalledConnector)


def test_an_entry_point_that_names_no_module_says_so(packages):
    packages.install("broken-oms", "", entry_point="acme = acme-oms")
    broken = broken_of(discover(), "acme")
    assert broken.reason.startswith('the entry point acme = "acme-oms')
    assert "module:attribute" in broken.remedy


def test_an_interrupt_while_loading_is_not_swallowed(packages):
    # As Ctrl-C does it, while a module is being imported.
    code = "import os, signal, time; os.kill(os.getpid(), signal.SIGINT); time.sleep(60)"
    packages.install("acme-oms", code)
    # What runs in the background of a shell takes no notice of Ctrl-C.
    taking = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    loading = f"{taking}; from multiorder_sync.oms.plugins import discover; discover()"
    result = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(packages.site)!r}); {loading}"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "KeyboardInterrupt" in result.stderr
    assert result.returncode != 0


def test_an_import_that_hangs_is_left_to_itself(packages, monkeypatch, tmp_path):
    # Enough for the others, which are imported at once; this one ends with the test.
    monkeypatch.setattr(plugins, "_LOAD_SECONDS", 3.0)
    over = tmp_path / "over"
    code = f"import pathlib, time\nwhile not pathlib.Path({str(over)!r}).exists(): time.sleep(0.05)"
    packages.install("acme-oms", code)
    packages.install_connector("other-oms", "other", entry_point="other")
    registry = discover()
    over.touch()
    assert "not imported after 3 seconds" in broken_of(registry, "acme").reason
    assert "other" in registry.connectors


def test_what_a_plugin_prints_while_it_is_loaded_is_not_on_standard_output(packages, capsys):
    packages.install_connector(
        "acme-oms",
        extra="\nprint('imported')\n@hookimpl\ndef multiorder_sandboxes():\n    print('asked')\n"
        "    return {}\n",
    )
    assert "acme" in discover().connectors
    sys.stdout.write("an answer\n")
    printed = capsys.readouterr()
    assert printed.out == "an answer\n"
    assert printed.err == "imported\nasked\n"


@pytest.mark.parametrize(
    ("hook", "reason"),
    [
        ("def multiorder_connectors(surprise): return []", "surprise"),
        ("def multiorder_connector(): return []", "multiorder_connector"),
        ("def multiorder_connectors(): pass", "returns nothing, not a list"),
        ("def multiorder_connectors(): return 'acme'", "returns a str, not a list"),
        ("def multiorder_connectors(): return {'acme': 1}", "returns a dict, not a list"),
        ("def multiorder_connectors(): raise KeyError('acme')", "KeyError: 'acme'"),
        ("def multiorder_connectors(): raise SystemExit", "SystemExit"),
    ],
)
def test_a_hook_that_does_not_fit_is_a_broken_plugin(packages, hook, reason):
    packages.install("acme-oms", f"from multiorder_sync import hookimpl\n@hookimpl\n{hook}\n")
    assert reason in broken_of(discover(), "acme").reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("Acme = 'Acme'", "'Acme' is not a subclass of multiorder_sync.Connector"),
        ("class Acme: name = 'acme'", "is not a subclass of multiorder_sync.Connector"),
        ("Acme.name = 'Acme OMS'", "its name is not a lower-case name"),
        ("Acme.name = 5", "its name is not a lower-case name"),
        ("del Acme.name", "its name is not a lower-case name"),
        ("del Acme.api_version", "its api_version is not a number"),
        ("Acme.api_version = True", "its api_version is not a number"),
        ("Acme.api_version = False", "its api_version is not a number"),
        ("Acme.submit = None", "its submit is not a method"),
        ("def find(self, submission): ...\nAcme.find = find", "its find is not async: write async"),
        ("async def check(self): yield\nAcme.check = check", "its check is not async"),
        (
            "async def transform(self, order, context): ...\nAcme.transform = transform",
            "its transform is async, and is not awaited: write def",
        ),
        (
            "def __init__(self, settings): ...\nAcme.__init__ = __init__",
            "its __init__ does not take (settings, http)",
        ),
        (
            "def __init__(self, settings, http, clock): ...\nAcme.__init__ = __init__",
            "its __init__ does not take (settings, http)",
        ),
        (
            "async def submit(self): ...\nAcme.submit = submit",
            "its submit does not take (submission)",
        ),
        ("async def check(self, deep): ...\nAcme.check = check", "its check does not take no"),
        ("Acme.Settings = dict", "its Settings is not a msgspec Struct type"),
        ("Acme.Payload = None", "its Payload is not a msgspec Struct type"),
        ("Acme.duplicate_guard = 'refuses'", "its duplicate_guard is not a DuplicateGuard"),
        ("Acme.not_carried = ['email']", "its not_carried is not a mapping"),
        ("Acme.not_carried = {3: 'is a number'}", "both of them texts, not int and str"),
        ("Acme.not_carried = {'email': None}", "its not_carried holds names and reasons"),
        ("Acme.reserved = None", "its reserved is not a mapping"),
        ("Acme.reserved = {'ref': 3}", "its reserved holds names and reasons"),
        (
            "Acme.reserved = {'reff': 'is what it is found by'}",
            (
                'its reserved names "reff", which is no place of its Payload: the payload has no '
                "reff (did you mean ref?)"
            ),
        ),
        ("Acme.reserved = {'ref.x': 'is found by'}", 'its reserved names "ref.x", which is no'),
        (
            "class Settings(msgspec.Struct):\n    a: 'Nowhere'\nAcme.Settings = Settings",
            "its Settings can't be used",
        ),
        (
            (
                "class Half(Acme):\n    from abc import abstractmethod\n"
                "    @abstractmethod\n    def find(self, submission): ...\nAcme = Half"
            ),
            "it does not have find",
        ),
    ],
)
def test_a_class_that_does_not_keep_the_contract_is_broken(packages, change, reason):
    packages.install_connector("acme-oms", extra=f"\n{change}\n")
    plugin = broken_of(discover(), "acme")
    assert reason in plugin.reason
    assert plugin.remedy


@pytest.mark.parametrize(
    "change",
    [
        (
            "import functools\ndef logged(method):\n    @functools.wraps(method)\n"
            "    def inner(*args, **kwargs): return method(*args, **kwargs)\n    return inner\n"
            "Acme.submit = logged(Acme.submit)"
        ),
        "async def find(submission, deep=False): ...\nAcme.find = staticmethod(find)",
        "def __init__(self, *args, **kwargs): ...\nAcme.__init__ = __init__",
    ],
    ids=["decorated", "static", "any arguments"],
)
def test_a_class_whose_methods_can_be_called_keeps_the_contract(packages, change):
    packages.install_connector("acme-oms", extra=f"\n{change}\n")
    assert "acme" in discover().connectors


def test_all_that_is_wrong_with_a_class_is_said_at_once(packages):
    packages.install_connector(
        "acme-oms", extra="\nAcme.Payload = Acme.Settings = None\nAcme.duplicate_guard = None\n"
    )
    reason = broken_of(discover(), "acme").reason
    assert "Settings" in reason
    assert "Payload" in reason
    assert "duplicate_guard" in reason


@pytest.mark.parametrize(
    ("version", "remedy"),
    [
        (2, "upgrade multiorder-sync, or install an earlier release of acme-oms"),
        (0, "upgrade acme-oms, or install an earlier release of multiorder-sync"),
    ],
)
def test_another_contract_version_names_both_sides_and_the_remedy(packages, version, remedy):
    packages.install_connector("acme-oms", extra=f"\nAcme.api_version = {version}\n")
    plugin = broken_of(discover(), "acme")
    assert f"version {version} of the connector contract" in plugin.reason
    assert "multiorder-sync " in plugin.reason
    assert "has version 1" in plugin.reason
    assert plugin.remedy == remedy


def test_a_broken_class_leaves_its_neighbours_alone(packages):
    packages.install(
        "acme-oms",
        CONNECTOR_PAIR,
    )
    registry = discover()
    assert isinstance(registry.look_up("good"), InstalledConnector)
    assert "api_version" in broken_of(registry, "bad").reason


CONNECTOR_PAIR = """
import msgspec
from multiorder_sync import Connector, DuplicateGuard, hookimpl

class Table(msgspec.Struct): ...

class Good(Connector):
    name = "good"
    api_version = 1
    Settings = Payload = Table
    duplicate_guard = DuplicateGuard.NONE
    def __init__(self, settings, http): ...
    def transform(self, order, context): ...
    async def submit(self, submission): ...
    async def find(self, submission): ...
    async def check(self): ...

class Bad(Good):
    name = "bad"
    api_version = None

@hookimpl
def multiorder_connectors():
    return [Good, Bad]
"""


def test_a_name_claimed_by_two_packages_breaks_both_and_names_both(packages):
    packages.install_connector("acme-oms", version="1.2")
    packages.install_connector("acme-fork", version="3.4", entry_point="fork")
    packages.install_connector("other-oms", "other", entry_point="other")
    registry = discover()
    assert "acme" not in registry.connectors
    claiming = [plugin for plugin in registry.broken if "acme" in plugin.names]
    assert {plugin.distribution for plugin in claiming} == {"acme-oms", "acme-fork"}
    for plugin in claiming:
        assert "acme-oms 1.2" in plugin.reason
        assert "acme-fork 3.4" in plugin.reason
        assert "uninstall" in plugin.remedy
    assert isinstance(registry.look_up("other"), InstalledConnector)


def test_two_classes_of_one_name_in_one_package_break_the_name(packages):
    packages.install("acme-oms", CONNECTOR_PAIR.replace('"bad"', '"good"'))
    plugin = broken_of(discover(), "good")
    assert 'acme-oms 1.0 brings two connectors named "good"' in plugin.reason


def test_one_class_under_two_entry_points_is_one_connector(packages):
    packages.install_connector("acme-oms")
    points = packages.site / "acme_oms-1.0.dist-info" / "entry_points.txt"
    points.write_text(points.read_text() + "alias = acme_oms_module\n")
    assert isinstance(discover().look_up("acme"), InstalledConnector)


def test_the_first_package_of_a_name_on_the_path_counts(packages, tmp_path, monkeypatch):
    packages.install_connector("acme-oms", version="1.0")
    nearer = tmp_path / "nearer"
    nearer.mkdir()
    monkeypatch.syspath_prepend(str(nearer))
    type(packages)(nearer).install_connector("acme-oms", version="2.0")
    found = discover().look_up("acme")
    assert isinstance(found, InstalledConnector)
    assert found.version == "2.0"


def test_a_package_that_can_not_be_read_hides_no_other(packages):
    packages.install_connector("acme-oms")
    bad = packages.site / "unreadable-1.0.dist-info"
    bad.mkdir()
    (bad / "entry_points.txt").write_bytes(b"[multiorder_sync]\nx = \xff\xfe\n")
    (packages.site / "nameless-1.0.dist-info").mkdir()
    assert isinstance(discover().look_up("acme"), InstalledConnector)


def test_sandboxes_are_listed_by_connector(packages):
    packages.install_connector(
        "acme-oms",
        extra="\n@hookimpl\ndef multiorder_sandboxes(): return {'acme': 'acme.sandbox:create'}\n",
    )
    assert discover().sandboxes["acme"] == "acme.sandbox:create"


def test_a_broken_sandbox_hook_leaves_the_connector_usable(packages):
    packages.install_connector(
        "acme-oms", extra="\n@hookimpl\ndef multiorder_sandboxes(): return {'acme': 5}\n"
    )
    registry = discover()
    assert isinstance(registry.look_up("acme"), InstalledConnector)
    assert "acme" not in registry.sandboxes
    reasons = [each.reason for each in registry.broken if each.distribution == "acme-oms"]
    assert reasons == [
        'multiorder_sandboxes returns a dict, not a dict of connector names and "module:attribute"'
    ]


def test_another_package_can_not_replace_a_connectors_sandbox(packages):
    packages.install_connector(
        "acme-oms",
        extra="\n@hookimpl\ndef multiorder_sandboxes(): return {'acme': 'acme:create'}\n",
    )
    packages.install(
        "zz-other",
        "from multiorder_sync import hookimpl\n@hookimpl\n"
        "def multiorder_sandboxes(): return {'acme': 'zz:create'}\n",
        entry_point="zz",
    )
    assert discover().sandboxes["acme"] == "acme:create"


def test_names_are_all_that_something_claims(packages):
    packages.install("acme-oms", "raise OSError", entry_point="acme")
    packages.install_connector("other-oms", "other", entry_point="other")
    assert {"acme", "other"} <= set(discover().names)


HOOKS = """
from multiorder_sync import hookimpl

@hookimpl
def multiorder_veto(submission):
    return f"not {submission}"

@hookimpl
def multiorder_order_settled(settlement):
    raise RuntimeError
"""


def test_a_package_that_has_a_say_in_orders_is_found_without_a_connector(packages):
    packages.install("merchant-hooks", HOOKS, entry_point="hooks", version="0.3")
    registry = discover()
    (installed,) = [each for each in registry.hooks if each.distribution == "merchant-hooks"]
    assert (installed.version, installed.entry_point) == ("0.3", "hooks")
    assert set(installed.hooks) == {"multiorder_veto", "multiorder_order_settled"}
    veto = installed.hooks["multiorder_veto"]
    # An implementation takes as many of the arguments as it wants.
    assert veto(submission="this", multi_order=None, context=None) == "not this"


def test_one_module_under_two_entry_points_has_its_hooks_once(packages):
    packages.install("merchant-hooks", HOOKS, entry_point="hooks")
    packages.install("other-hooks", "from merchant_hooks_module import *", entry_point="other")
    points = packages.site / "merchant_hooks-1.0.dist-info" / "entry_points.txt"
    points.write_text(points.read_text() + "again = merchant_hooks_module\n")
    found = [(each.distribution, each.entry_point) for each in discover().hooks]
    assert found == [("merchant-hooks", "hooks"), ("other-hooks", "other")]


def test_a_hook_with_an_argument_that_is_none_is_broken(packages):
    code = HOOKS.replace("submission):", "order):")
    packages.install("merchant-hooks", code, entry_point="hooks")
    registry = discover()
    assert "multiorder_veto" in broken_of(registry, "hooks").reason


VETOING = """
from multiorder_sync import hookimpl

@hookimpl
def multiorder_veto(submission):
    return None
"""


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import nope_at_all" + VETOING, "No module named 'nope_at_all'"),
        (VETOING.replace("submission", "order"), "multiorder_veto"),
    ],
)
def test_a_package_that_can_not_be_asked_lets_no_order_through(packages, code, reason):
    packages.install("merchant-hooks", code, entry_point="hooks", version="0.3")
    (installed,) = [each for each in discover().hooks if each.distribution == "merchant-hooks"]
    assert set(installed.hooks) == {"multiorder_veto"}
    with pytest.raises(RuntimeError, match=reason):
        installed.hooks["multiorder_veto"](submission=None, multi_order=None, context=None)


def test_a_package_that_can_not_be_asked_is_warned_of_with_the_configuration(packages, tmp_path):
    packages.install("merchant-hooks", "import nope_at_all" + VETOING, entry_point="hooks")
    packages.install_connector("acme-oms")
    (warning,) = load(configuration(tmp_path), discover()).warnings
    assert str(warning).startswith("merchant-hooks 1.0 is to be asked before an order is sent")
    assert "No module named 'nope_at_all'" in str(warning)


def test_what_is_broken_and_no_space_uses_is_warned_of_with_the_configuration(packages, tmp_path):
    packages.install("old-oms", "import nope_at_all", entry_point="old")
    packages.install_connector("acme-oms", extra="\nAcme.Payload = None\n")
    used, left_out = map(str, load(configuration(tmp_path), discover()).warnings)
    assert used.startswith("spaces.acme.connector: is broken, so this space takes no orders")
    assert left_out.startswith(
        "old-oms 1.0 is broken and left out: old_oms_module can't be imported"
    )


@pytest.mark.parametrize("told", ["RECORD", "top_level.txt", "direct_url.json", None])
def test_a_veto_behind_a_misspelt_entry_point_lets_no_order_through(packages, tmp_path, told):
    packages.install("merchant-hooks", VETOING, entry_point="hooks")
    info = packages.site / "merchant_hooks-1.0.dist-info"
    (info / "entry_points.txt").write_text("[multiorder_sync]\nhooks = merchant_hook_modules\n")
    texts = {
        "RECORD": "merchant_hooks_module.py,,\n",
        "top_level.txt": "merchant_hooks_module\n",
        "direct_url.json": json.dumps({"url": packages.site.as_uri(), "dir_info": {}}),
    }
    if told:
        (info / told).write_text(texts[told])
    if told == "direct_url.json":
        (info / "RECORD").write_text("_merchant_hooks.pth,,\n")
    if told == "top_level.txt":
        packages.install_connector("merchant-hook", name="other", entry_point="nearer")
    packages.install_connector("acme-oms")
    registry = discover()
    (installed,) = [each for each in registry.hooks if each.distribution == "merchant-hooks"]
    assert set(installed.hooks) == {"multiorder_veto"}
    with pytest.raises(RuntimeError, match="No module named 'merchant_hook_modules'"):
        installed.hooks["multiorder_veto"](submission=None, multi_order=None, context=None)
    (warning,) = load(configuration(tmp_path), registry).warnings
    assert "merchant-hooks 1.0 is to be asked before an order is sent and can't be" in str(warning)


def test_hooks_that_another_entry_point_brings_are_not_held_for_those_of_a_misspelt_one(packages):
    packages.install("acme-oms", VETOING, entry_point="rules")
    info = packages.site / "acme_oms-1.0.dist-info"
    points = info / "entry_points.txt"
    points.write_text(points.read_text() + "acme = acme_omms_module\n")
    (info / "RECORD").write_text("acme_oms_module.py,,\n")
    registry = discover()
    assert "No module named 'acme_omms_module'" in broken_of(registry, "acme").reason
    (installed,) = [each for each in registry.hooks if each.distribution == "acme-oms"]
    assert installed.broken is None


def test_a_broken_connector_is_no_package_that_has_a_say(packages):
    packages.install("acme-oms", "import nope_at_all")
    assert not [each for each in discover().hooks if each.distribution == "acme-oms"]


@pytest.mark.parametrize(
    "broken",
    [
        "@hookimpl\ndef multiorder_sandboxes(): return 7",
        "@hookimpl\ndef multiorder_connectors(): return 7",
    ],
)
def test_what_else_is_wrong_with_a_package_does_not_silence_its_hooks(packages, broken):
    packages.install("merchant-hooks", VETOING + broken, entry_point="hooks")
    registry = discover()
    assert [each for each in registry.hooks if each.distribution == "merchant-hooks"]
    assert [each for each in registry.broken if each.distribution == "merchant-hooks"]


def configuration(folder):
    file = folder / "config.toml"
    file.write_text(
        '[spaces.acme]\nconnector = "acme"\nsecrets = ["s"]\n'
        '[spaces.acme.oms]\nbase_url = "http://localhost"\n'
    )
    return file


LATER = """
from multiorder_sync import hookimpl

@hookimpl
def multiorder_veto(submission, order):
    return f"not {order}"
"""


class Later(HookSpecs):
    """The hooks of a later version, in which one argument is to go."""

    @hookspec(
        warn_on_impl_args={
            "order": DeprecationWarning("take multi_order instead; order goes with version 2")
        }
    )
    def multiorder_veto(self, submission, multi_order, context, order): ...


def test_a_deprecated_argument_still_comes_and_whoever_takes_it_is_named(packages):
    packages.install("merchant-hooks", LATER, entry_point="hooks", version="0.3")
    with pytest.warns(DeprecationWarning, match="order goes with version 2"):
        registry = discover(Later)
    (installed,) = [each for each in registry.hooks if each.distribution == "merchant-hooks"]
    arguments = {"submission": None, "multi_order": None, "context": None, "order": "this"}
    assert installed.hooks["multiorder_veto"](**arguments) == "not this"
    (use,) = registry.deprecated
    assert str(use) == (
        "merchant-hooks 0.3 takes the deprecated argument order of multiorder_veto: "
        "take multi_order instead; order goes with version 2"
    )


def test_what_is_deprecated_is_warned_of_with_the_configuration(packages, tmp_path):
    packages.install("merchant-hooks", LATER, entry_point="hooks", version="0.3")
    packages.install_connector("acme-oms")
    file = configuration(tmp_path)
    with pytest.warns(DeprecationWarning, match="take multi_order instead"):
        registry = discover(Later)
    assert [str(each) for each in load(file, registry).warnings] == [str(registry.deprecated[0])]


def test_nobody_is_warned_who_takes_what_stays(packages):
    packages.install("merchant-hooks", HOOKS, entry_point="hooks")
    assert discover(Later).deprecated == ()


ASYNC = """
from multiorder_sync import hookimpl

@hookimpl
async def {hook}({argument}):
    {body}
"""


@pytest.mark.parametrize("body", ["return None", "yield 'No.'"])
def test_an_async_hook_is_refused_when_it_is_loaded_and_lets_no_order_through(packages, body):
    code = ASYNC.format(hook="multiorder_veto", argument="submission", body=body)
    packages.install("merchant-hooks", code, entry_point="hooks")
    registry = discover()
    broken = broken_of(registry, "hooks")
    assert "multiorder_veto of merchant_hooks_module is an async function" in broken.reason
    assert broken.remedy == "write def, not async def; the hook has a thread of its own"
    (installed,) = [each for each in registry.hooks if each.distribution == "merchant-hooks"]
    assert installed.broken
    with pytest.raises(RuntimeError, match="write def, not async def"):
        installed.hooks["multiorder_veto"](submission=None, multi_order=None, context=None)


def test_an_async_hook_that_only_hears_of_orders_is_broken_and_holds_up_none(packages):
    code = ASYNC.format(hook="multiorder_order_settled", argument="settlement", body="...")
    packages.install("merchant-hooks", code, entry_point="hooks")
    registry = discover()
    assert "is an async function" in broken_of(registry, "hooks").reason
    assert not [each for each in registry.hooks if each.distribution == "merchant-hooks"]


def test_a_hook_whose_name_no_source_has_lets_no_order_through_either(packages):
    # As a decorator of a merchant's own may name it.
    code = ASYNC.format(hook="hook", argument="submission", body="return None")
    named = code.replace("@hookimpl", "@hookimpl(specname='multiorder_' + 'veto')")
    packages.install("merchant-hooks", named, entry_point="hooks")
    (installed,) = [each for each in discover().hooks if each.distribution == "merchant-hooks"]
    assert installed.broken
    assert set(installed.hooks) == {"multiorder_veto"}


@pytest.mark.parametrize(
    ("hook", "reason", "remedy"),
    [
        (
            "multioder_veto(submission)",
            "merchant_hooks_module has a hook multioder_veto, and there is none of that name",
            "did you mean multiorder_veto?",
        ),
        (
            "on_order(submission)",
            "merchant_hooks_module has a hook on_order, and there is none of that name",
            (
                "there are multiorder_adjust_submission, multiorder_connectors, "
                "multiorder_order_settled, multiorder_sandboxes, multiorder_veto"
            ),
        ),
        (
            "multiorder_veto(order, submission, space)",
            "multiorder_veto of merchant_hooks_module takes order, space, which it is not given",
            "it may take submission, multi_order, context",
        ),
        (
            "multiorder_connectors(context)",
            "multiorder_connectors of merchant_hooks_module takes context, which it is not given",
            "it may take no argument",
        ),
    ],
)
def test_what_does_not_fit_the_hooks_is_said_in_plain_words(packages, hook, reason, remedy):
    code = f"from multiorder_sync import hookimpl\n@hookimpl\ndef {hook}: return None\n"
    packages.install("merchant-hooks", code, entry_point="hooks")
    broken = broken_of(discover(), "hooks")
    assert (broken.reason, broken.remedy) == (reason, remedy)


WRAPPER = "a wrapper around hooks, and each package is asked by itself"
UNWRAPPED = "write @hookimpl without wrapper or hookwrapper, and return the answer"
NAMED = "name what it takes: submission, multi_order, context"


@pytest.mark.parametrize(
    ("hook", "reason", "remedy"),
    [
        (
            "def multiorder_veto(): yield 'no'",
            "is a generator, of which nothing runs when it is called",
            "write return, not yield",
        ),
        (
            "def multiorder_veto(*, multi_order): return 'no'",
            "takes multi_order after a *, and is not given it there",
            "take the * out",
        ),
        (
            "def multiorder_veto(*, order): return 'no'",
            "takes order after a *, and is not given it there",
            NAMED,
        ),
        (
            "def multiorder_veto(multi_order=None): return multi_order and 'no'",
            "has a default for multi_order, and is not given it then",
            "write multi_order without a default",
        ),
        ("def multiorder_veto(*given): ...", "takes *given, which is given nothing", NAMED),
        ("def multiorder_veto(**given): ...", "takes **given, which is given nothing", NAMED),
        (
            "(wrapper=True)\ndef multiorder_veto(multi_order):\n    yield\n    return 'No.'",
            f"is {WRAPPER}",
            UNWRAPPED,
        ),
        ("(hookwrapper=True)\ndef multiorder_veto(): yield", f"is {WRAPPER}", UNWRAPPED),
        ("(wrapper=True)\ndef multiorder_veto(): ...", f"is {WRAPPER}", UNWRAPPED),
    ],
)
def test_a_hook_that_could_not_work_is_broken_and_lets_no_order_through(
    packages, hook, reason, remedy
):
    marked = hook if hook.startswith("(") else f"\n{hook}"
    packages.install(
        "merchant-hooks", f"from multiorder_sync import hookimpl\n@hookimpl{marked}\n",
        entry_point="hooks",
    )  # fmt: skip
    registry = discover()
    broken = broken_of(registry, "hooks")
    assert broken.reason == f"multiorder_veto of merchant_hooks_module {reason}"
    assert broken.remedy == remedy
    (installed,) = [each for each in registry.hooks if each.distribution == "merchant-hooks"]
    assert installed.broken
    with pytest.raises(RuntimeError, match="can't be loaded"):
        installed.hooks["multiorder_veto"](submission=None, multi_order=None, context=None)


def test_a_generator_that_is_to_hear_of_orders_is_broken_and_holds_up_none(packages):
    code = HOOKS[: HOOKS.index("@hookimpl")] + HOOKS[HOOKS.rindex("@hookimpl") :]
    packages.install("merchant-hooks", code.replace("raise RuntimeError", "yield"))
    registry = discover()
    assert "is a generator" in broken_of(registry, "acme").reason
    assert not [each for each in registry.hooks if each.distribution == "merchant-hooks"]


IN_A_CLASS = """
from multiorder_sync import hookimpl

class Rules:
    @hookimpl
    def multiorder_veto(self, submission):
        return f"not {submission}"

    @hookimpl
    @staticmethod
    def multiorder_order_settled(settlement): ...

class Static:
    @hookimpl
    @staticmethod
    def multiorder_veto(submission, _cache={}):
        return f"not {submission}"

rules = Rules()
"""


def test_an_entry_point_names_an_instance_and_not_the_class_of_hooks_with_self(packages):
    packages.install("merchant-hooks", IN_A_CLASS, entry_point="hooks")
    points = packages.site / "merchant_hooks-1.0.dist-info" / "entry_points.txt"
    points.write_text("[multiorder_sync]\nhooks = merchant_hooks_module:Rules\n")
    registry = discover()
    broken = broken_of(registry, "hooks")
    assert broken.reason.startswith(
        "merchant_hooks_module:Rules is a class, and its method multiorder_veto is"
    )
    assert broken.remedy == "let the entry point name an instance of the class"
    (installed,) = [each for each in registry.hooks if each.distribution == "merchant-hooks"]
    assert installed.broken


@pytest.mark.parametrize("named", ["rules", "Static"])
def test_hooks_of_an_object_that_can_be_called_are_called(packages, named):
    packages.install("merchant-hooks", IN_A_CLASS, entry_point="hooks")
    points = packages.site / "merchant_hooks-1.0.dist-info" / "entry_points.txt"
    points.write_text(f"[multiorder_sync]\nhooks = merchant_hooks_module:{named}\n")
    (installed,) = [each for each in discover().hooks if each.distribution == "merchant-hooks"]
    veto = installed.hooks["multiorder_veto"]
    assert veto(submission="this", multi_order=None, context=None) == "not this"


def test_a_veto_with_its_name_misspelt_lets_no_order_through(packages):
    code = VETOING.replace("multiorder_veto", "multioder_veto")
    packages.install("merchant-hooks", code, entry_point="hooks")
    (installed,) = [each for each in discover().hooks if each.distribution == "merchant-hooks"]
    assert set(installed.hooks) == {"multiorder_veto"}
    assert installed.broken


@pytest.mark.parametrize(
    "code",
    [
        VETOING.replace("@hookimpl\n", ""),
        """
from multiorder_sync import hookimpl

class Rules:
    @hookimpl
    def multiorder_veto(self, submission):
        return "No."
""",
    ],
    ids=["no marker", "in a class"],
)
def test_a_package_that_registers_no_hook_is_broken_and_its_veto_holds_back_all(packages, code):
    packages.install("merchant-hooks", code, entry_point="hooks")
    registry = discover()
    broken = broken_of(registry, "hooks")
    assert broken.reason == "merchant_hooks_module registers no hook"
    assert broken.remedy.startswith("put @hookimpl above a function of the module itself")
    (installed,) = [each for each in registry.hooks if each.distribution == "merchant-hooks"]
    assert set(installed.hooks) == {"multiorder_veto"}
    with pytest.raises(RuntimeError, match="registers no hook"):
        installed.hooks["multiorder_veto"](submission=None, multi_order=None, context=None)


def test_a_veto_of_a_package_that_registers_none_is_seen_wherever_it_comes_from(packages):
    (packages.site / "elsewhere_module.py").write_text(VETOING.replace("@hookimpl\n", ""))
    packages.install("merchant-hooks", "from elsewhere_module import *", entry_point="hooks")
    (installed,) = [each for each in discover().hooks if each.distribution == "merchant-hooks"]
    assert set(installed.hooks) == {"multiorder_veto"}


@pytest.mark.parametrize("code", ["", "def multiorder_connectors(): return []"])
def test_a_package_that_registers_no_hook_and_has_no_say_holds_up_no_order(packages, code):
    packages.install("acme-oms", code)
    registry = discover()
    assert "registers no hook" in broken_of(registry, "acme").reason
    assert not [each for each in registry.hooks if each.distribution == "acme-oms"]
