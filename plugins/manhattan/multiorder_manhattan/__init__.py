"""Manhattan Active Omni connector for multiorder-sync."""
