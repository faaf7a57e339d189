"""The durable record of every order: what was received, what was sent, and what became of it."""
