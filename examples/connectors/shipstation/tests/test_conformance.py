"""What every connector must do, by the kit that comes with multiorder-sync."""

from pathlib import Path

from multiorder_sync.conformance import ConformanceSuite


class TestShipStationConformance(ConformanceSuite):
    connector = "shipstation"
    config = Path(__file__).parents[1] / "config.toml"
