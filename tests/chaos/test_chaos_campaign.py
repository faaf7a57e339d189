"""The short form of the campaign: what `python -m chaos --short` runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.alone
def test_no_order_is_lost_doubled_or_left_open_on_either_database():
    # One after the other: side by side they would make each other's answers late.
    result = subprocess.run(
        [sys.executable, "-m", "chaos", "--short"],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
    )
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
    assert "|  | sqlite | postgresql |" in result.stdout
    assert "| **lost** | **0** | **0** |" in result.stdout
