"""The review as Markdown: what it says, how it is cut, and that no text of anybody's gets out of its place."""

import re
from dataclasses import replace

import pytest

from reconcile.plan.compare import compare
from reconcile.render.blocks import Mono, Table
from reconcile.render.markdown import code, markdown
from reconcile.render.plan_review import CHARS_MIN, render_plan_markdown
from reconcile.render.review import review
from tests.plan.plan_world import Records, bonus, plan
from tests.render.review_world import HOSTILE, D, hostile, usual

# Every character that our own words need, and no markup but the writer's own.
OUR_WORDS = re.compile(r"[A-Za-z0-9 .,:;()%?'’–—…→+=|-]*")


def outside_of_code(text: str) -> list[str]:
    """The lines that are no fenced block, with every code span taken away as CommonMark reads it."""
    lines, fence = [], ""
    for line in text.split("\n"):
        if fence:
            fence = "" if line == fence else fence
        elif line.endswith("text") and line.startswith("```"):
            fence = line.removesuffix("text")
        else:
            lines.append(_without_spans(line))
    assert not fence, "a fenced block is closed"
    return lines


def _without_spans(line: str) -> str:
    left, at = "", 0
    while run := re.compile(r"`+").search(line, at):
        close = re.compile(rf"(?<!`){run.group()}(?!`)").search(line, run.end())
        assert close, f"a code span is closed: {line}"
        assert "|" not in line[run.end() : close.start()], f"no pipe in a cell's code: {line}"
        left += line[at : run.start()]
        at = close.end()
    return left + line[at:]


def test_a_plan_as_a_reviewer_reads_it() -> None:
    assert (
        render_plan_markdown(usual())
        == """\
## Bonus plan: 3 payments, 6.00 USD

> [!CAUTION]
> **Refused.** Nothing of this is paid while an error stands below.

> [!CAUTION]
> **Another address:** requests of `toloka` go to `http://127.0.0.1:8765`, not to the provider's own.

| Summary |  |
| --- | ---: |
| Payments | 3 to 2 recipients |
| Bonuses | 6.00 USD |
| Fees | 1.20 USD |
| **In all** | **7.20 USD** |
| Of them top-ups | 1 |
| In conflict | 1 |
| In doubt | 1 |
| Paid, no longer asked for | 1 |

### 1 error

```text
specs/image-labels-2026-w47.yaml:5: image-labels-2026-w47/fac97860c7929add8048ed2ef63b66fd#award asks for 4.50 USD; max_bonus allows 4.00 USD
  Correct the amount, or raise max_bonus in the config.
```

### Campaigns

| Campaign | Payments | Pays | Paid before | Budget | Left before | Left after |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
| `image-labels-2026-w47` | 3 | 6.00 USD | 4.50 USD | 20.00 USD | 14.50 USD | 8.50 USD |

### Paid from

| Provider | Environment | Account | Payments | Amount | Fees | Requests | Last known balance |
| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |
| `toloka` | Toloka sandbox | `566ec2b0ff0deeaae5f9d500629de162` | 3 | 6.00 USD | 1.20 USD | 3 | not known |

<details><summary>Not paid, for a person to look at: 3</summary>

| What | Campaign | Recipient | Assignment | Key | Issued | Amount | Why |
| --- | --- | --- | --- | --- | ---: | ---: | --- |
| conflict | `image-labels-2026-w47` | `a1b0b42923c429daa2c764d7ccfc364d` |  | `less` | 3.00 USD | 2.00 USD | `3.00 USD was issued, but the spec now asks for 2.00 USD: nothing is taken back from a worker. Ask for 3.00 again.` |
| in doubt | `image-labels-2026-w47` | `a1b0b42923c429daa2c764d7ccfc364d` |  | `open` | – | 1.00 USD | `a payment of 1.00 USD is under way and its outcome is not known yet` |
| no longer asked for | `image-labels-2026-w47` | `fac97860c7929add8048ed2ef63b66fd` | `00001092da--99ef030400c684132d0da0ff` |  | 0.50 USD | 0.50 USD |  |

</details>

<details><summary>Payments: 3</summary>

| Campaign | Recipient | Assignment | Key | Amount | Note |
| --- | --- | --- | --- | ---: | --- |
| `image-labels-2026-w47` | `fac97860c7929add8048ed2ef63b66fd` | `00001092da--61ef030400c684132d0da0de` |  | 1.00 USD |  |
| `image-labels-2026-w47` | `fac97860c7929add8048ed2ef63b66fd` |  | `award` | 4.50 USD |  |
| `image-labels-2026-w47` | `a1b0b42923c429daa2c764d7ccfc364d` |  |  | 0.50 USD | `top-up to 1.50 USD` |

</details>

<details><summary>What the workers will read (2 texts)</summary>

2 payments:

| Field | Text |
| --- | --- |
| public message `EN` | `Thank you!` |

1 payment without any text.

</details>

Digest: `sha256:9a48f3a4e4ca93bcc9a0e24d05ea2eb6a33ec01ee8ef11f6b2d2ac0ff3b1a6c0`
""".replace("sha256:9a48f3a4e4ca93bcc9a0e24d05ea2eb6a33ec01ee8ef11f6b2d2ac0ff3b1a6c0", usual().digest)
    )


def test_a_plan_with_nothing_to_pay_says_so() -> None:
    text = render_plan_markdown(plan(bonus("w47/ann", "1.00"), state=Records()))
    assert text.startswith("## Bonus plan: 1 payment, 1.00 USD\n")
    state = Records()
    state.issue(plan(bonus("w47/ann", "1.00"), state=state))
    text = render_plan_markdown(plan(bonus("w47/ann", "1.00"), state=state))
    assert text.startswith("## Bonus plan: nothing to pay\n")
    assert "Digest" not in text


# --- hostile texts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_stands_in_code_alone(text: str) -> None:
    """Outside of code there are only our own words, the table's bars and the markup of these few forms."""
    for line in outside_of_code(render_plan_markdown(hostile(text))):
        plain = re.sub(r"\A(#{2,3} |> (\[!CAUTION\])?)", "", line)
        plain = re.sub(r"\A</?details>(<summary>)?|</summary>\Z", "", plain)
        plain = plain.replace("**", "")
        assert OUR_WORDS.fullmatch(plain), line


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_makes_no_row_and_no_cell(text: str) -> None:
    """As many lines as the same plan has with a harmless text, each with as many bars."""

    def shape(one: str) -> list[int]:
        return [line.count("|") for line in outside_of_code(render_plan_markdown(hostile(one)))]

    assert shape(text) == shape("harmless")


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_unseen_and_no_command_is_left(text: str) -> None:
    made = render_plan_markdown(hostile(text))
    assert all(character.isprintable() or character == "\n" for character in made)
    assert not re.search(r"(?m)^\s*::", made)
    assert "##[" not in made


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("", ""),
        ("plain", "`plain`"),
        ("a`b", "``a`b``"),
        ("`a``b`", "``` `a``b` ```"),
        ("a|b", "`a\\x7cb`"),
        ("@name", "`@name`"),
        ("a\nb", "`a\\nb`"),
    ],
)
def test_a_code_span_holds_any_text(text: str, span: str) -> None:
    assert code(text) == span


def test_words_of_ours_that_are_not_harmless_stand_in_code_too() -> None:
    assert markdown([Table(("a",), ((("<b>@x",),), ((Mono(""),),)))]) == "| a |\n| --- |\n| `<b>@x` |\n|  |\n"


# --- cut to a length -----------------------------------------------------------------------------------------------


def large(rows: int) -> str:
    many = [bonus(f"w47/worker-{number:05}", "1.00") for number in range(rows)]
    return render_plan_markdown(plan(*many, state=Records()))


def test_what_does_not_fit_is_counted_with_its_money() -> None:
    text = large(5_000)
    assert 60_000 < len(text) <= 65_536
    shown = text.count("| `worker-")
    assert f"<summary>Payments: 5,000, the first {shown:,} of them here</summary>" in text
    left = 5_000 - shown
    assert f"… and {left:,} more of {left:,}.00 USD together, left out for length." in text
    assert re.search(r"\nDigest: `sha256:[0-9a-f]{64}`\n\Z", text)


def test_one_more_row_would_not_fit() -> None:
    many = [bonus(f"w47/worker-{number:05}", "1.00") for number in range(200)]
    made = plan(*many, state=Records())
    text = render_plan_markdown(made, max_chars=6_000)
    shown = text.count("| `worker-")
    assert len(text) <= 6_000 < len(markdown(review(made, rows_max=shown + 1)))


def test_what_fits_whole_is_whole() -> None:
    text = large(300)
    assert text.count("| `worker-") == 300
    assert "left out" not in text


@pytest.mark.parametrize("text", [*HOSTILE, "`|\n" * 400])
def test_the_shortest_review_holds_its_limit_whatever_the_texts(text: str) -> None:
    assert len(render_plan_markdown(hostile(text), max_chars=CHARS_MIN)) <= CHARS_MIN


# --- what changed --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("balance", "cell"),
    [
        ("7.20", "7.20 USD, 2026-11-22 10:00 UTC"),
        ("7.19", "**7.19 USD, 2026-11-22 10:00 UTC: too little**"),
    ],
)
def test_the_last_known_balance_stands_beside_what_is_paid_from_it(balance: str, cell: str) -> None:
    """6.00 USD of bonuses and 1.20 USD of fees: just enough, and a cent too little."""
    known = [one._replace(balance=D(balance), balance_ms=1_795_341_600_000) for one in usual().providers]
    text = render_plan_markdown(replace(usual(), providers=tuple(known)))
    assert f"| 6.00 USD | 1.20 USD | 3 | {cell} |" in text


def test_what_changed_since_the_plan_before() -> None:
    old = plan(
        bonus("w47/ann", "1.00"),
        bonus("w47/ben", "1.00"),
        bonus("w47/cat", "1.00"),
        bonus("w47/dan", "1.00"),
        state=Records(),
    )
    new = plan(
        bonus("w47/ann", "1.20"),
        bonus("w47/ben", "1.00", texts=(("public_message", (("EN", "Thanks!"),)),)),
        bonus("w47/dan", "1.00"),
        bonus("w47/eve", "2.00"),
        state=Records(),
    )
    text = render_plan_markdown(new, diff=compare(old, new, frozenset()))
    start = text.index("### Since")
    assert (
        text[start : text.index("### Campaigns")]
        == """\
### Since the plan before

1 added, 1 gone, 1 with another amount, 1 with other texts; 1 as before; 4.00 → 5.20 USD.

| Change | Campaign | Recipient | Assignment | Key | Amount | What |
| --- | --- | --- | --- | --- | ---: | --- |
| amount | `w47` | `ann` |  |  | 1.20 USD | `1.00 → 1.20 USD` |
| added | `w47` | `eve` |  |  | 2.00 USD |  |
| texts | `w47` | `ben` |  |  | 1.00 USD | `public_message.EN: "Thank you!" → "Thanks!"` |
| gone | `w47` | `cat` |  |  | 1.00 USD | `no longer to be paid` |

"""
    )
