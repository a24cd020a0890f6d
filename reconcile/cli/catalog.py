"""The commands by name, as data: `--help`, completion and did-you-mean read it and import no command.

A command lives in the module of its entry, as the click command named `command`.
"""

from typing import Final, NamedTuple


class Entry(NamedTuple):
    """A command: its name, the module that holds it, one line of help and the section of the help it stands in."""

    name: str
    module: str
    help: str
    section: str


_ROOM: Final = "reconcile.cli.commands."
_START, _PAY, _LOOK, _TOOLS = "Start", "Plan and pay", "Look", "Tools"

COMMANDS: Final = (
    Entry("init", _ROOM + "init", "Make a working project: config, example spec, CI workflow.", _START),
    Entry("validate", _ROOM + "validate", "Check specs and config; no network, no state.", _START),
    Entry("doctor", _ROOM + "doctor", "Check config, token, account, clock, state and lock; never pays.", _START),
    Entry("plan", _ROOM + "plan", "Show what apply would do.", _PAY),
    Entry("show", _ROOM + "show", "Show a saved plan again, or what a run did.", _PAY),
    Entry("apply", _ROOM + "apply", "Pay what is desired and not yet issued.", _PAY),
    Entry("import", _ROOM + "import_", "Take over payments made before bonusctl.", _PAY),
    Entry("refresh", _ROOM + "refresh", "Read what the provider says was paid, and settle what is in doubt.", _PAY),
    Entry("status", _ROOM + "status", "Per campaign: desired, issued, to issue, in doubt, budget left.", _LOOK),
    Entry("history", _ROOM + "history", "The runs: when, who, git commit, what each paid.", _LOOK),
    Entry("report", _ROOM + "report", "What was paid, by campaign, recipient or month; CSV, JSON, beancount.", _LOOK),
    Entry("state", _ROOM + "state", "The ledger: list, show, resolve, export, verify, backup …", _LOOK),
    Entry("ci", _ROOM + "ci", "In GitHub Actions: plans on pull requests, and which one was approved.", _TOOLS),
    Entry("schema", _ROOM + "schema", "Print the JSON Schema of specs or of the config.", _TOOLS),
    Entry("emulator", _ROOM + "emulator", "Run the embedded provider as a server of its own.", _TOOLS),
    Entry("completion", _ROOM + "completion", "Print the completion script of a shell.", _TOOLS),
)

_LEDGER, _CARRY, _REPAIR = "Read", "Carry", "Decide and repair"

STATE_COMMANDS: Final = (
    Entry("list", _ROOM + "state_list", "Every bonus with its status and payments.", _LEDGER),
    Entry("show", _ROOM + "state_show", "One bonus: payments, operations, remote ids.", _LEDGER),
    Entry("head", _ROOM + "state_head", "The newest event, as an anchor to keep in git.", _LEDGER),
    Entry("verify", _ROOM + "state_verify", "Fold all events again and compare every row.", _LEDGER),
    Entry("export", _ROOM + "state_export", "Write the whole state as JSON lines.", _CARRY),
    Entry("import", _ROOM + "state_import", "Make a state from an export.", _CARRY),
    Entry("pull", _ROOM + "state_pull", "Bring the local state up to its branch in git.", _CARRY),
    Entry("push", _ROOM + "state_push", "Keep the state on a branch of its own in git.", _CARRY),
    Entry("backup", _ROOM + "state_backup", "Copy the state to a file, safe while a run writes.", _CARRY),
    Entry("restore", _ROOM + "state_restore", "Put a backup in the state's place.", _CARRY),
    Entry("resolve", _ROOM + "state_resolve", "Decide what no provider can tell; recorded.", _REPAIR),
    Entry("accept", _ROOM + "state_accept", "Accept a conflict or a rejection as it is; recorded.", _REPAIR),
    Entry("unlock", _ROOM + "state_unlock", "Take the lock from a run that hangs.", _REPAIR),
)

CI_COMMANDS: Final = (
    Entry("plan", _ROOM + "ci_plan", "Plan, and put it on the pull request.", "GitHub Actions"),
    Entry("approved", _ROOM + "ci_approved", "The digest that a merge approved.", "GitHub Actions"),
)
