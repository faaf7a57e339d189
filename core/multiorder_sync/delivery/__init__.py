"""Between them: never lost, never doubled."""
