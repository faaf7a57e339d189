"""One side: what Nacelle sends, and what it is answered."""
