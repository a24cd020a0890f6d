"""The state: a journal of events, the tables folded from it, and what keeps both safe."""
