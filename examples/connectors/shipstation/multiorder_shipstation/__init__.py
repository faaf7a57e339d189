"""The connector for ShipStation."""
