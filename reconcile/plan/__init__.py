"""Planning: desired less recorded, as data. No file, no clock, no network."""
