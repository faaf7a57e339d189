"""The other side: what a connector is, and what it is given."""
