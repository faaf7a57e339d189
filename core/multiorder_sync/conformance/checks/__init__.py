"""The standard checks, by subject."""
