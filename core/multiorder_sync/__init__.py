"""The public names: all that a plugin author needs."""
