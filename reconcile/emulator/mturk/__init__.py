"""Amazon Mechanical Turk beside Toloka: `POST /` in AWS's own protocols, as far as bonuses need it."""
