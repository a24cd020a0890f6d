"""Amazon Mechanical Turk: its words, its signed wire, and the credentials of AWS's own chain."""
