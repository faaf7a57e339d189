"""The short form of the campaign: what `python -m chaos --short` runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_no_order_is_lost_doubled_or_left_open(database):
    result = subprocess.run(
        [sys.executable, "-m", "chaos", "--short", "--database", database],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
    assert "| **lost** | **0** |" in result.stdout
