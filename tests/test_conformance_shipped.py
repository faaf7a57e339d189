"""Both shipped connectors are gold, by the very command that a plugin author runs; the page is true."""

import json
import re
import subprocess
import sys

import pytest
from whole import ROOT

from multiorder_sync.conformance import ConformanceSuite
from multiorder_sync.conformance.standards import standards_of
from multiorder_sync.conformance.troubles import PERMITTED

PAGE = (ROOT / "docs" / "conformance.md").read_text("utf-8")


@pytest.mark.parametrize("connector", ["fluentcommerce", "manhattan"])
def test_a_shipped_connector_is_gold(connector, tmp_path):
    report = tmp_path / "report.json"
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
         "-p", "no:hypothesispytest", "--pyargs", "multiorder_sync.conformance", "--connector", connector,
         "--config", ROOT / "config.toml", "--conformance-json", report],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout[-5000:]
    assert "level: gold" in result.stdout
    assert '"gold"' in report.read_text()
    json.loads(report.read_text())


def test_the_page_has_every_check_at_its_level():
    said = {}
    for level, table in re.findall(r"^### (\w+)\n\n((?:\|.*\n)+)", PAGE, re.MULTILINE):
        for name in re.findall(r"^\| `(\w+)`", table, re.MULTILINE):
            said[f"test_{name}"] = level.lower()
    assert said == {name: each.level.value for name, each in standards_of(ConformanceSuite).items()}
    for name in re.findall(r'exempt = {"(\w+)"', PAGE):
        assert name in standards_of(ConformanceSuite)


def test_the_page_has_what_submit_may_say():
    table = PAGE.partition("| of a submit that meets with |")[2].partition("\n\n")[0]
    said = {
        trouble: re.findall(r"`(\w+)`", kinds)
        for trouble, kinds in re.findall(r"^\| ([^|]+) \| (`[^|]+) \|$", table, re.MULTILINE)
    }
    assert said == {
        trouble.value: [kind.__name__ for kind in kinds] for trouble, kinds in PERMITTED.items()
    }
