"""docs/reference.md says of every public name what its docstring says."""

import inspect

import reference

import multiorder_sync
from multiorder_sync import sandbox


def test_the_reference_is_what_the_docstrings_say():
    said = reference.FILE.read_text("utf-8")
    assert said == reference.text(), "make reference writes it anew"


def test_every_public_name_has_its_place_and_only_one():
    listed = [name for names in reference.SUBJECTS.values() for name in names]
    assert len(listed) == len(set(listed))
    assert set(listed) - reference.PARTS == set(multiorder_sync.__all__)


def test_every_public_name_is_described():
    for module in (multiorder_sync, sandbox):
        for name in module.__all__:
            value = getattr(module, name)
            is_plain = not inspect.isclass(value) and not inspect.isfunction(value)
            assert reference.SAID.get(name) if is_plain else inspect.getdoc(value), name


def test_every_field_of_the_order_is_named():
    said = reference.text()
    for struct in (multiorder_sync.MultiOrder, multiorder_sync.OrderItem, multiorder_sync.Figures):
        section = said.split(f"### `{struct.__name__}`\n")[1].split("\n### ")[0]
        for field in struct.__struct_fields__:
            assert f"| `{field}`" in section
