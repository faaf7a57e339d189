"""The corpus: multi-orders that hold every field of Nacelle's and every nasty case known."""

from multiorder_sync.conformance.corpus.cases import Case, corpus

__all__ = ["Case", "corpus"]
