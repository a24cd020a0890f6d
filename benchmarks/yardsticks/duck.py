"""The plan as DuckDB would make it: read the CSV, hash what tells each row, and look which are not issued yet.

`duck.py make CSV DATABASE` keeps what is issued; `duck.py plan CSV DATABASE` counts what is missing or altered.
"""

import importlib
import sys
from typing import Any

duckdb: Any = importlib.import_module("duckdb")

HASHED = """
SELECT sha256(concat_ws(chr(31), 'bonus', '', 'bench', user_id, assignment_id, '')) AS id,
       sha256(concat_ws(chr(31), user_id, assignment_id, amount, public_title, public_message)) AS fingerprint
FROM read_csv(?, all_varchar = true, header = true)
"""

action, data, database = sys.argv[1:]
with duckdb.connect(database, read_only=action == "plan") as connection:
    if action == "make":
        connection.execute(f"CREATE TABLE issued AS {HASHED}", [data])
    else:
        missing = (
            f"SELECT count(*) FROM ({HASHED}) d ANTI JOIN issued i ON i.id = d.id AND i.fingerprint = d.fingerprint"
        )
        (left,) = connection.execute(missing, [data]).fetchone()
        assert left == 0, left
