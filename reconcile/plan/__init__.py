"""Planning: desired less recorded, as data. No clock, no network; only `saved` opens a file."""
