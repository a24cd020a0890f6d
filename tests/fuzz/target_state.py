"""Saved plans, exports of a state, and files of payments made before."""

import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from hypothesis import strategies as st

from reconcile.diagnostics import Diagnostics
from reconcile.digest import canonical_json
from reconcile.errors import BonusctlError, InvalidInput, Refused
from reconcile.plan.approval import approve_saved, judge
from reconcile.plan.importing import Candidate
from reconcile.plan.saved import read_saved, write_saved
from reconcile.project.import_file import read_payments_file
from reconcile.render.diagnostics import render_text
from reconcile.settings import Policies
from reconcile.state import chain
from reconcile.state.reader import open_reader
from reconcile.state.transfer import export_state
from tests.fuzz.target import OBEYED, command, in_turn
from tests.fuzz.target_specs import InProject
from tests.fuzz.trees import edited
from tests.plan.plan_world import Records, bonus, head, plan, recorded, settings
from tests.state.histories import everything, fill, tell

MADE_MS: Final = 1_795_341_600_000
_SEAL: Final = ', "checksum": "sha256:'


class SavedPlans(InProject):
    """A saved plan of any bytes, and plans with a shape and a checksum that fits: `show`, `plan --diff`, and what an
    apply would take from it.
    """

    def prepare(self) -> None:
        super().prepare()
        rows = recorded("w47/cat", "1.00"), recorded("w47/eve", in_doubt="1.00"), recorded("w47/fay", "3.00")
        self._state = Records(*rows)
        texts: Any = (("public_title", (("EN", "Grüße \u202e"),)), ("without_message", True))
        self._plan = plan(
            bonus("w47/ann/a1", "1.00", campaign=head("w47", budget="9.00"), texts=texts),
            bonus("w47/bob#k", "0.005", texts=(("private_comment", 'a "b"\\'),)),
            bonus("w47/cat", "1.50"),
            bonus("w47/eve", "1.00"),
            state=self._state,
            config=settings(policies=Policies(allow_top_up=True)),
        )

    def corpus(self) -> Sequence[bytes]:
        return [self._saved()]

    def _saved(self) -> bytes:
        write_saved(self._plan, Path("true.plan"), created_ms=MADE_MS, version="0.1.0")
        return Path("true.plan").read_bytes()

    def generate(self) -> st.SearchStrategy[bytes]:
        document = json.loads(self._saved())
        del document["checksum"]
        return edited(document).map(_sealed)

    def take(self, data: bytes) -> bool:
        self.count += 1
        Path("a.plan").write_bytes(data)
        form = in_turn(self.count, "json", "text", "markdown", "html")
        shown = command("show", "a.plan", "--format", form)
        compared = command("plan", "--diff", "a.plan", "--format", in_turn(self.count, "text", "markdown"))
        if shown.code == 0:
            self._apply()
        else:
            assert compared.code == 1, "a refused plan was compared"
        return shown.code == 0

    def _apply(self) -> None:
        """Under an approval that was read, nothing is sent but what the specs ask for by themselves."""
        asked = {change.payment_id: change.entry for change in self._plan.payments}
        try:
            approved = approve_saved(read_saved(Path("a.plan")), self._plan, self._state)
            sent = judge(approved, self._plan, self._state).send
        except Refused:
            return
        for change in sent:
            assert asked[change.payment_id] == change.entry == approved.entries[change.payment_id or b""]


def _sealed(document: Any) -> bytes:
    """With the checksum that belongs to these bytes, as somebody would write it who knows how."""
    text = json.dumps(document)
    body = text[:-1].encode() if text.endswith("}") else text.encode()
    return body + f'{_SEAL}{sha256(body).hexdigest()}"}}\n'.encode()


class Exports(InProject):
    """An export of any bytes, and events with a shape in a chain that holds: `state import`, then everything that
    reads a state.
    """

    def corpus(self) -> Sequence[bytes]:
        long = tell(range(400), 60)
        return [self._export("full", everything()), self._export("long", long)]

    def _export(self, name: str, history: Sequence[Any]) -> bytes:
        path = Path(f"{name}.db")
        if not path.exists():
            fill(path, *history)
        lines: list[str] = []
        with open_reader(path) as reader:
            assert reader is not None
            export_state(reader, lines.append)
        return "".join(f"{line}\n" for line in lines).encode()

    def generate(self) -> st.SearchStrategy[bytes]:
        lines = [json.loads(line) for line in self._export("full", everything()).splitlines()]
        events = [{"kind": line["kind"], "body": line["body"]} for line in lines[1:]]
        lineage = lines[0]["lineage"]
        return edited(events, edits_max=2).map(lambda altered: _chained(lineage, altered))

    def take(self, data: bytes) -> bool:
        self.count += 1
        for path in Path("state").iterdir():
            path.unlink()
        Path("a.jsonl").write_bytes(data)
        done = command("state", "import", "a.jsonl")
        if done.code:
            assert not _events(), "a refused import left events behind"
            return False
        # What was believed is sound, whole, and can be looked at from every side.
        assert command("state", "verify", "--format", "json").code == 0
        assert command("state", "list", "--format", in_turn(self.count, "json", "text")).code == 0
        assert command("history", "--format", in_turn(self.count, "json", "text")).code == 0
        command("plan", "--format", in_turn(self.count, "text", "json"))
        command("status", "--format", in_turn(self.count, "json", "text"))
        return True


def _events() -> int:
    path = Path("state/bonusctl.db")
    if not path.exists():
        return 0
    with open_reader(path) as reader:
        return 0 if reader is None else reader.head().sequence


def _chained(lineage: str, events: Any) -> bytes:
    """The lines of an export with these events, every hash as it must be."""
    previous, lines = chain.GENESIS, []
    for number, event in enumerate(events, 1):
        whole = event if isinstance(event, dict) else {"kind": "run_started", "body": event}
        kind, body = str(whole.get("kind", "")), canonical_json(whole.get("body"))
        try:
            previous = chain.link(previous, kind, body)
        except UnicodeEncodeError:
            continue
        rest = canonical_json({"hash": previous.hex(), "kind": kind, "sequence": number})
        lines.append(f'{{"body":{body},{rest[1:]}')
    head_ = {
        "count": len(lines),
        "format_version": 1,
        "hash": previous.hex(),
        "lineage": lineage,
        "sequence": len(lines),
    }
    return "".join(f"{line}\n" for line in (canonical_json(head_), *lines)).encode("utf-8", "replace")


class Payments(InProject):
    """A file of payments that `import` would take over, of any bytes."""

    TABLE: Final = "user_id,amount,assignment_id,remote_id,created\nw1,1.00,a1,41,2026-01-01\nw2,0.50,,,\n"

    def corpus(self) -> Sequence[bytes]:
        return [self.TABLE.encode()]

    def generate(self) -> st.SearchStrategy[bytes]:
        rows = [line.split(",") for line in self.TABLE.splitlines()]

        def written(altered: Any) -> bytes:
            lines = (row if isinstance(row, list) else [row] for row in altered)
            return "\n".join(",".join(map(str, row)) for row in lines).encode("utf-8", "replace")

        return edited(rows).map(written)

    def take(self, data: bytes) -> bool:
        Path("old.csv").write_bytes(data)
        refusal = None
        found: Sequence[Candidate] = ()
        try:
            found = read_payments_file(Path("old.csv"), shown="old.csv", provider=settings().providers[0], fields={})
        except BonusctlError as error:
            refusal = error
        if refusal is None:
            assert all(one.recipient and one.amount > 0 for one in found)
            return True
        diagnostics = Diagnostics()
        for one in refusal.diagnostics if isinstance(refusal, InvalidInput) else ():
            diagnostics.add(one)
        assert refusal.summary
        assert not OBEYED.search(render_text(diagnostics, color=False))
        return False
