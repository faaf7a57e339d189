"""Fluent Commerce connector for multiorder-sync."""
