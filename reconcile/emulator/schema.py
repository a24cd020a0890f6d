"""The tables of an emulator's ledger. Amounts are text, times milliseconds of the emulator's own clock."""

from typing import Final

VERSION: Final = 3

# Assignments that were registered by hand; all others follow a rule. Came with version 2.
ASSIGNMENTS: Final = """CREATE TABLE assignments (
    account TEXT NOT NULL, id TEXT NOT NULL, user_id TEXT NOT NULL, status TEXT NOT NULL,
    PRIMARY KEY (account, id)) STRICT, WITHOUT ROWID"""

# MTurk's side. Came with version 3.
MTURK: Final = (
    """CREATE TABLE mturk_bonuses (
        id INTEGER PRIMARY KEY, account TEXT NOT NULL, hit_id TEXT NOT NULL, assignment_id TEXT NOT NULL,
        worker_id TEXT NOT NULL, amount TEXT NOT NULL, reason TEXT NOT NULL, token TEXT NOT NULL,
        granted_ms INTEGER NOT NULL, request_id TEXT NOT NULL) STRICT""",
    "CREATE INDEX mturk_bonuses_assignment ON mturk_bonuses (account, assignment_id)",
    "CREATE INDEX mturk_bonuses_hit ON mturk_bonuses (account, hit_id)",
    # The last use of each token. Only a bonus that was paid uses one.
    """CREATE TABLE mturk_tokens (
        account TEXT NOT NULL, token TEXT NOT NULL, request_id TEXT NOT NULL, used_ms INTEGER NOT NULL,
        PRIMARY KEY (account, token)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE mturk_assignments (
        account TEXT NOT NULL, id TEXT NOT NULL, worker_id TEXT NOT NULL, hit_id TEXT NOT NULL,
        PRIMARY KEY (account, id)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE mturk_late (
        late INTEGER PRIMARY KEY, due_ms INTEGER NOT NULL, account TEXT NOT NULL, body BLOB NOT NULL) STRICT""",
)

STATEMENTS: Final = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE accounts (account TEXT PRIMARY KEY, balance TEXT NOT NULL) STRICT, WITHOUT ROWID",
    # A request for bonuses. `posts` counts the requests that came with its id; `body` empties once it is done.
    """CREATE TABLE operations (
        account TEXT NOT NULL, operation TEXT NOT NULL, submitted_ms INTEGER NOT NULL, start_ms INTEGER NOT NULL,
        finish_ms INTEGER NOT NULL, skip_invalid INTEGER NOT NULL, body TEXT NOT NULL, mischief TEXT NOT NULL,
        posts INTEGER NOT NULL, done INTEGER NOT NULL, result TEXT NOT NULL, counts TEXT NOT NULL,
        PRIMARY KEY (account, operation)) STRICT""",
    "CREATE INDEX operations_due ON operations (start_ms) WHERE done = 0",
    "CREATE INDEX operations_submitted ON operations (account, submitted_ms)",
    """CREATE TABLE log (
        account TEXT NOT NULL, operation TEXT NOT NULL, entry INTEGER NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (account, operation, entry)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE bonuses (
        id INTEGER PRIMARY KEY, account TEXT NOT NULL, operation TEXT NOT NULL, position INTEGER NOT NULL,
        user_id TEXT NOT NULL, assignment_id TEXT NOT NULL, private_comment TEXT NOT NULL, amount TEXT NOT NULL,
        created_ms INTEGER NOT NULL, body TEXT NOT NULL) STRICT""",
    "CREATE INDEX bonuses_user ON bonuses (account, user_id)",
    "CREATE INDEX bonuses_assignment ON bonuses (account, assignment_id) WHERE assignment_id <> ''",
    "CREATE INDEX bonuses_comment ON bonuses (account, private_comment)",
    "CREATE INDEX bonuses_created ON bonuses (account, created_ms)",
    # Sums that the page shows: kind `all`, `campaign` (from markers) or `recipient`.
    """CREATE TABLE totals (
        account TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, payments INTEGER NOT NULL, amount TEXT NOT NULL,
        PRIMARY KEY (account, kind, name)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE quota (
        account TEXT NOT NULL, day INTEGER NOT NULL, requests INTEGER NOT NULL,
        PRIMARY KEY (account, day)) STRICT, WITHOUT ROWID""",
    # Requests whose connection died and that are carried out later all the same.
    """CREATE TABLE late (
        late INTEGER PRIMARY KEY, due_ms INTEGER NOT NULL, account TEXT NOT NULL, query TEXT NOT NULL,
        body TEXT NOT NULL) STRICT""",
    ASSIGNMENTS,
    *MTURK,
)
# What turns an older ledger into one of this version: the statements that came after each.
SINCE: Final = {0: STATEMENTS, 1: (ASSIGNMENTS, *MTURK), 2: MTURK}
