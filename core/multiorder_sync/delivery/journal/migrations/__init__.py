"""How the journal's schema came to be, step by step.

A step only adds: what the version before does not know it must be able to leave alone, since
machines are upgraded one by one. What is no longer used goes one version later.
"""
