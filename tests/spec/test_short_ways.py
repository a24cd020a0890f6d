"""The short ways through a data file (pieces split by `str`, lines by a pattern, rows by column) against the careful one."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconcile.diagnostics import Diagnostic
from reconcile.model import Block, Desired, Texts, fingerprint
from reconcile.spec import objects, pieces, rows
from reconcile.spec.document import read_blocks
from reconcile.spec.files import spec_files
from reconcile.spec.layout import layout_of
from reconcile.spec.pieces import BytePieces
from reconcile.spec.rows import split
from reconcile.spec.usual import UsualRows
from tests.spec.conftest import HEAD, Project

careful = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

_USUAL_ID = st.sampled_from(
    ["w1", "worker-2", "fac97860c7929add8048ed2ef63b66fd", "a.b@example.org", "null", "None", "x" * 128]
)
_ODD_ID = st.sampled_from(
    ["", " ", "~", " w1", "w1 ", "w/1", "w#1", "naïve", "cafe\u0301", "x" * 129, "w\t1", "w\x1f1", "[w]", "w\u200b1", "NaN",
     "abcdefghijklmnopqrstuvw.abcd.efgh"]
)  # fmt: skip
_AMOUNT = st.sampled_from(["1.00", "1", "2.5", "0.005", "100"])
_ODD_AMOUNT = st.sampled_from(["", "~", "1,5", "-1", "1e3", "0.001", "101", "0.0001", "01", "１"])
_TEXT = st.sampled_from(["", "Great work!", "One. Two. Three.", "Спасибо за работу", "you did 12", "12345", "word"])
_ODD_TEXT = st.sampled_from(
    ["~", "null", "{tasks}", "[x/1]", "[bonusctl:1]", "a\x07b", "x" * 4001, "two\nlines", 'a "quoted" text', "a, b", "\u202eabc",
     "AKIAIOSFODNN7EXAMPLE", "Bearer abcdefghijklmnop", "https://user:secret@host", "www.example-host.org", "text\r\nmore",
     "OAuth abcdefghijklmnopq", "a.bcde.f", "carriage\rreturn"]
)  # fmt: skip
_FLAG = st.sampled_from(["", "", "", "true", "false", "yes"])
_FILL = st.sampled_from(["12", "many", "", "a b", "x" * 900, "ASIAABCDEFGHIJKLMNOP", "é", "1.5"])


def mostly(usual: st.SearchStrategy[str], odd: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """One odd cell in about eight."""
    return st.integers(0, 7).flatmap(lambda number: odd if number == 0 else usual)


_ROW = st.fixed_dictionaries(
    {
        "user_id": mostly(_USUAL_ID, _ODD_ID),
        "amount": mostly(_AMOUNT, _ODD_AMOUNT),
        "task": mostly(_USUAL_ID | st.just(""), _ODD_ID),
        "answer": mostly(_USUAL_ID | st.just(""), _ODD_ID),
        "private_comment": mostly(_TEXT, _ODD_TEXT),
        "without_message": _FLAG,
        "tasks": mostly(st.just("12"), _FILL),
    }
)
_COLUMNS = st.permutations(
    ["user_id", "amount", "task", "answer", "private_comment", "without_message", "tasks"]
).flatmap(lambda names: st.integers(2, 7).map(lambda count: list(dict.fromkeys(["user_id", "amount", *names[:count]]))))
_ENTRY = st.sampled_from(
    [
        "",
        "    fields: {key: task, assignment_id: answer}\n",
        "    fields: {key: task}\n    amount: 3.00\n",
        '    public_message: {EN: "You completed {tasks} tasks."}\n',
        '    public_title: "{tasks}"\n    vars: {tasks: some}\n',
        '    public_title: "Bearer {tasks}.{tasks}.{tasks}"\n',
        "    without_message: true\n",
        "    formerly: {campaign: older}\n",
        "    allow: [repeat]\n    private_comment: for week 47\n",
    ]
)
Found = list[tuple[Desired, Texts]]


def read(project: Project, name: str, data: str, entry: str) -> tuple[Found, list[Diagnostic]]:
    project.write(f"data/{name}", data.encode("utf-8", "surrogatepass"))
    project.write("w.yaml", f"{HEAD}bonuses:\n  - from: data/{name}\n{entry}")
    found = [(desired._replace(texts=tuple), desired.texts()) for desired in project.read(project="vision")]
    return found, list(project.diagnostics)


@contextmanager
def nothing_short() -> Iterator[None]:
    """Every piece goes to the csv or the json module, every row the careful way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "split", lambda *_: None)
        patch.setattr(objects, "layout_of", lambda *_: None)
        patch.setattr(UsualRows, "block", lambda *_: None)
        yield


def table(header: list[str], found: list[dict[str, str]], *, quoted: bool, end: str) -> str:
    """A CSV file. `quoted` False: cells stand as they are, so that some of them make rows of another length."""

    def cell(text: str) -> str:
        doubled = text.replace('"', '""')
        return f'"{doubled}"' if quoted and any(sign in text for sign in ',"\r\n') else text

    return end.join([",".join(header), *(",".join(cell(row[name]) for name in header) for row in found)])


@careful
@given(
    _COLUMNS,
    st.lists(_ROW, max_size=12),
    _ENTRY,
    st.booleans(),
    st.sampled_from(["\n", "\n", "\r\n"]),
    st.integers(30, 400),
)
def test_short_and_careful_ways_read_a_table_alike(
    project: Project, header: list[str], found: list[dict[str, str]], entry: str, quoted: bool, end: str, piece: int
) -> None:  # fmt: skip
    """Any table gives the same bonuses, with the same ids, texts and places, and the same diagnostics in the same order."""
    data = table(header, found, quoted=quoted, end=end)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "PIECE_BYTES", piece)
        short = read(project, "a.csv", data, entry)
    with nothing_short():
        assert short == read(project, "a.csv", data, entry)


@careful
@given(_COLUMNS, st.lists(_ROW, max_size=12), _ENTRY, st.sampled_from([(", ", ": "), (",", ":")]), st.integers(30, 400))
def test_short_and_careful_ways_read_json_lines_alike(
    project: Project,
    header: list[str],
    found: list[dict[str, str]],
    entry: str,
    separators: tuple[str, str],
    piece: int,
) -> None:
    """The same of JSONL, with amounts as numbers where they can be."""
    lines = []
    for row in found:
        values = {
            name: json.loads(row[name]) if name == "tasks" and row[name].isdecimal() else row[name] for name in header
        }
        lines.append(json.dumps(values, separators=separators, ensure_ascii=False))
    data = "\n".join(lines)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(objects, "PIECE_BYTES", piece)
        short = read(project, "a.jsonl", data, entry)
    with nothing_short():
        assert short == read(project, "a.jsonl", data, entry)


def test_usual_rows_come_as_a_block(project: Project) -> None:
    """Ids and fingerprints of a block are those of its bonuses; nothing odd, one block."""
    project.write("data/a.csv", "user_id,amount,private_comment\nw1,1.5,Great work!\nw2,2.00,\n")
    project.write("w.yaml", f"{HEAD}bonuses:\n  - from: data/a.csv\n")
    (block,) = read_blocks(project.settings(), spec_files(project.settings(), cwd=project.root), project.diagnostics)
    assert isinstance(block, Block)
    first, second = block.bonuses()
    assert [first.bonus_id, second.bonus_id] == list(block.bonus_ids)
    assert list(block.fingerprints) == [first.bonus_id + b"1.50", second.bonus_id + b"2.00"]
    assert fingerprint(first.bonus_id, first.amount) == block.fingerprints[0]


def test_around_an_odd_row_the_others_stay_in_blocks(project: Project) -> None:
    """One row that needs care, among 64, costs the care of one row."""
    data = "".join(f"worker-{number},1.00\n" for number in range(64)).replace("worker-20,", "wörker,")
    project.write("data/a.csv", f"user_id,amount\n{data}")
    project.write("w.yaml", f"{HEAD}bonuses:\n  - from: data/a.csv\n")
    found = list(read_blocks(project.settings(), spec_files(project.settings(), cwd=project.root), project.diagnostics))
    alone = [one for one in found if not isinstance(one, Block)]
    assert [one.recipient for one in alone] == ["wörker"]
    assert sum(len(one.bonus_ids) for one in found if isinstance(one, Block)) == 63


def test_an_identity_that_stands_twice_is_found_in_and_across_blocks(project: Project) -> None:
    """In one block, in two, and in a block and a YAML entry."""
    data = "user_id,amount\n" + "".join(f"w{number},1.00\n" for number in (1, 2, 3, 2))
    project.write("data/a.csv", data)
    project.write("data/b.csv", "user_id,amount\nw3,1.00\nw4,1.00\n")
    project.write(
        "w.yaml", f"{HEAD}bonuses:\n  - from: data/a.csv\n  - from: data/b.csv\n  - {{user_id: w4, amount: 1.00}}\n"
    )
    project.read()
    assert project.summaries() == [
        "The bonus image-labels/w2 stands twice",
        "The bonus image-labels/w3 stands twice",
        "The bonus image-labels/w4 stands twice",
    ]


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("a,b\nc,d\n", [["a", "c"], ["b", "d"]]),
        ("a,b\nc,d", [["a", "c"], ["b", "d"]]),
        (",\n", [[""], [""]]),
        ("a,b\n\nc,d\n", None),
        ("a\nb,c,d\n", None),
        ("a,b,c\n", None),
        ('a,"b"\n', None),
        ("a,b\r\n", None),
        (f"a,{'x' * 100_000}\n", None),
    ],
)
def test_a_piece_is_split_only_where_the_csv_module_would_say_the_same(
    text: str, columns: list[list[str]] | None
) -> None:
    """Two cells a row; what is not so is left to the csv module."""
    assert split(text, ",", 2) == columns


@pytest.mark.parametrize(
    ("line", "text", "columns"),
    [
        ('{"a": "x", "b": 1}\n', '{"a": "x", "b": 1}\n{"a": "", "b": -0.5e3}\n', [["1", "-0.5e3"], ["x", ""], ["", ""]]),
        ('{"a":"x","b":1}\r\n', '{"a":"é","b":0}\r\n', [["0"], ["é"], [""]]),
        ('{"b": 1}\n', '{"b": 1}\n{"b": 01}\n', None),
        ('{"b": 1}\n', '{"b": 1}\n{"b": "1"}\n', None),
        ('{"a": "x"}\n', '{"a": "\\u0041"}\n', None),
        ('{"a": "x"}\n', '{"a": "x"} {"a": "x"}\n', None),
        ('{"a": "x"}\n', '\n{"a": "x"}\n', None),
    ],
)  # fmt: skip
def test_lines_laid_out_alike_are_read_by_a_pattern(line: str, text: str, columns: list[list[str]] | None) -> None:
    """The columns b, a and c of lines like the first."""
    layout = layout_of(line, ["b", "a", "c"])
    assert layout is not None
    found = layout.columns(text)
    assert (None if found is None else [list(column) for column in found]) == columns


@pytest.mark.parametrize(
    "line",
    [
        "[]\n",
        "{}\n",
        '{"a": null}\n',
        '{"a": "x", "a": "y"}\n',
        '{"a": "\\n"}\n',
        '{"a": {}}\n',
        '{"a": "x"} x\n',
        '{"a": "x"\n',
    ],
)
def test_other_lines_have_no_layout(line: str) -> None:
    """Nested values, nulls, escapes, doubles and what is no JSON are the json module's."""
    assert layout_of(line, ["a"]) is None


def test_pieces_end_where_lines_end() -> None:
    """After a line feed; after a carriage return where no line feed follows; a mark at the beginning is no text."""
    data = b"\xef\xbb\xbf" + b"a,b\r" * 60_000 + b"c,d\r\n" + b"e,f\n" * 60_000 + b"g"
    found = BytePieces(BytesIO(data))
    parts = list(iter(found.next, b""))
    assert b"".join(parts) == data[3:]
    assert {part[-1:] for part in parts[:-1]} == {b"\r", b"\n"}
    assert max(map(len, parts)) <= 3 * 65_536
    assert not any(before.endswith(b"\r") and after.startswith(b"\n") for before, after in pairwise(parts))
