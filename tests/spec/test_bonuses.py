"""What a spec asks for: bonuses, as they stand in the file."""

from decimal import Decimal

import pytest

from reconcile import identity
from reconcile.diagnostics import Diagnostics, Place
from reconcile.model import Campaign, Desired, Identity
from reconcile.spec.document import campaign_heads
from reconcile.spec.files import spec_files
from tests.spec.conftest import HEAD, Project

EXAMPLE = """\
version: 1
campaign: image-labels-2026-w47
provider: toloka
budget: 500.00
defaults:
  public_title: {EN: Great work!}
  public_message: {EN: "You completed {tasks} tasks."}
bonuses:
  - user_id: fac97860c7929add8048ed2ef63b66fd
    assignment_id: 00001092da--61ef030400c684132d0da0de
    amount: 1.00
    vars: {tasks: 12}
  - {user_id: a1b0b42923c429daa2c764d7ccfc364d, key: quality-award, amount: 0.80, vars: {tasks: 3}}
  - from: data/week-47.csv
    fields: {user_id: worker, amount: bonus_usd}
"""


def test_a_spec_is_read_as_a_whole(project: Project) -> None:
    """Bonuses of YAML and of a data file, with defaults, names filled in, places, and the documented ids."""
    project.write("w47.yaml", EXAMPLE)
    project.write("data/week-47.csv", "worker,bonus_usd,tasks\nw1,0.5,7\n")
    found = project.read()
    assert project.summaries() == []
    campaign = Campaign("image-labels-2026-w47", "toloka", Decimal("500.00"), frozenset(), "", "specs/w47.yaml", 2, 4)
    assert [(desired._replace(texts=tuple), desired.texts()) for desired in found] == [
        (
            Desired(
                bytes.fromhex("72899aee4cc9532686ec85b957da2c3b"),
                campaign,
                "fac97860c7929add8048ed2ef63b66fd",
                "00001092da--61ef030400c684132d0da0de",
                "",
                Decimal("1.00"),
                tuple,
                frozenset(),
                None,
                "specs/w47.yaml",
                9,
            ),
            (
                ("public_message", (("EN", "You completed 12 tasks."),)),
                ("public_title", (("EN", "Great work!"),)),
            ),
        ),
        (
            Desired(
                bytes.fromhex("6002a63602dd5ebfac94c87b4c4d0fa0"),
                campaign,
                "a1b0b42923c429daa2c764d7ccfc364d",
                "",
                "quality-award",
                Decimal("0.80"),
                tuple,
                frozenset(),
                None,
                "specs/w47.yaml",
                13,
            ),
            (("public_message", (("EN", "You completed 3 tasks."),)), ("public_title", (("EN", "Great work!"),))),
        ),
        (
            Desired(
                identity.uuid5("bonus\x1f\x1fimage-labels-2026-w47\x1fw1\x1f\x1f"),
                campaign,
                "w1",
                "",
                "",
                Decimal("0.50"),
                tuple,
                frozenset(),
                None,
                "specs/data/week-47.csv",
                2,
            ),
            (("public_message", (("EN", "You completed 7 tasks."),)), ("public_title", (("EN", "Great work!"),))),
        ),
    ]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("00012", "00012"),
        ("NO", "NO"),
        ("1e3", "1e3"),
        ("0x10", "0x10"),
        ("12:30:45", "12:30:45"),
        ("2026-11-22", "2026-11-22"),
        ("on", "on"),
        ("1_000", "1_000"),
        ('"quoted"', "quoted"),
        ("'it''s'", "it's"),
        ("wörker", "wörker"),
    ],
)
def test_a_scalar_is_the_text_in_the_file(project: Project, text: str, read: str) -> None:
    """No number, no truth value, no time is made of what stands in the file."""
    (desired,) = project.bonuses(f"  - {{user_id: {text}, key: {text}, amount: 1.00}}\n")
    assert (desired.recipient, desired.key) == (read, read)


def test_the_projects_name_is_part_of_the_identity(project: Project) -> None:
    """Project vision, campaign prüfung, recipient 00012: a documented id."""
    project.write(
        "w.yaml", "version: 1\ncampaign: prüfung\nprovider: toloka\nbonuses:\n  - {user_id: 00012, amount: 1}\n"
    )
    (desired,) = project.read(project="vision")
    assert identity.to_text(desired.bonus_id) == "86b12c44-3c4d-5e5e-b89c-fd330db4abcb"


def test_ids_have_one_spelling(project: Project) -> None:
    """A decomposed letter is composed: what looks the same is the same bonus."""
    (desired,) = project.bonuses('  - {user_id: "cafe\u0301", amount: 1.00}\n')
    assert desired.recipient == "caf\u00e9"
    assert desired.bonus_id == desired.identity("").bonus_id


@pytest.mark.parametrize("nothing", ["", "~", '""'])
def test_an_empty_value_is_absent(project: Project, nothing: str) -> None:
    """An empty value and `~` are as good as no key at all."""
    (desired,) = project.bonuses(
        f"  - user_id: w1\n    amount: 1.00\n    key: {nothing}\n    assignment_id: {nothing}\n    public_title: {nothing}\n"
    )
    assert (desired.key, desired.assignment_id, desired.texts()) == ("", "", ())


@pytest.mark.parametrize(
    ("text", "amount"), [("1", "1.00"), ("1.5", "1.50"), ("0.005", "0.005"), ("100.00", "100.00"), ("0.5000", None)]
)
def test_amounts_are_exact(project: Project, text: str, amount: str | None) -> None:
    """An amount keeps its digits; more decimals than the provider pays are refused even where they are zeros."""
    project.write("w.yaml", f"{HEAD}bonuses:\n  - {{user_id: w1, amount: {text}}}\n")
    assert [str(desired.amount) for desired in project.read()] == ([amount] if amount else [])


def test_another_tariff(project: Project) -> None:
    """In roubles the bounds are others: 5 to 10,000, two decimals."""
    head = "version: 1\ncampaign: c\nprovider: roubles\nbonuses:\n"
    entries = "".join(
        f"  - {{user_id: w{at}, amount: {amount}}}\n" for at, amount in enumerate(["5", "10000", "4.99", "5.001"])
    )
    project.write("w.yaml", head + entries)
    assert [str(desired.amount) for desired in project.read()] == ["5.00", "10000.00"]
    assert project.summaries() == [
        "`amount`: 4.99 RUB is less than the provider pays at a time",
        "`amount`: 3 decimals, but the provider pays at most 2",
    ]


# --- texts ---------------------------------------------------------------------------------------------------------


def test_texts_by_language_are_sorted_and_plain_means_english(project: Project) -> None:
    """A mapping of languages, and a plain text, which means EN."""
    (desired,) = project.bonuses(
        "  - user_id: w1\n    amount: 1.00\n    private_comment: by hand\n    public_title: Thanks\n"
        "    public_message: {RU: Спасибо, EN: Thank you, DE: ~}\n"
    )
    assert desired.texts() == (
        ("private_comment", "by hand"),
        ("public_message", (("EN", "Thank you"), ("RU", "Спасибо"))),
        ("public_title", (("EN", "Thanks"),)),
    )


def test_long_texts_keep_their_lines(project: Project) -> None:
    """A block of lines is one text with line breaks."""
    (desired,) = project.bonuses("  - user_id: w1\n    amount: 1.00\n    public_message: |\n      One.\n      Two.\n")
    assert desired.texts() == (("public_message", (("EN", "One.\nTwo.\n"),)),)


def test_doubled_braces_are_braces(project: Project) -> None:
    """`{{` and `}}` stand for themselves, with and without names."""
    (first, second) = project.bonuses(
        '  - {user_id: w1, amount: 1.00, private_comment: "{{tasks}}"}\n'
        '  - {user_id: w2, amount: 1.00, private_comment: "{{{tasks}}}", vars: {tasks: 3}}\n'
    )
    assert first.texts() == (("private_comment", "{tasks}"),)
    assert second.texts() == (("private_comment", "{3}"),)


def test_values_of_names_are_not_templates(project: Project) -> None:
    """What is filled in is filled in as it is."""
    (desired,) = project.bonuses('  - {user_id: w1, amount: 1.00, private_comment: "{a}", vars: {a: "{b}", b: x}}\n')
    assert desired.texts() == (("private_comment", "{b}"),)


def test_the_particular_stands_over_the_general(project: Project) -> None:
    """A bonus's own fields and vars win over the defaults'."""
    (first, second) = project.bonuses(
        "  - {user_id: w1}\n  - {user_id: w2, amount: 2.00, vars: {what: sounds}, public_title: Super}\n",
        head='defaults: {amount: 1.00, vars: {what: images, n: 3}, public_title: Good, private_comment: "{n} {what}"}\n',
    )
    assert (first.amount, first.texts()) == (
        Decimal("1.00"),
        (("private_comment", "3 images"), ("public_title", (("EN", "Good"),))),
    )
    assert (second.amount, second.texts()) == (
        Decimal("2.00"),
        (("private_comment", "3 sounds"), ("public_title", (("EN", "Super"),))),
    )


def test_without_message_drops_default_messages(project: Project) -> None:
    """A bonus that says `without_message: true` has none of the default messages; false says nothing."""
    (first, second) = project.bonuses(
        "  - {user_id: w1, amount: 1.00, without_message: true}\n  - {user_id: w2, amount: 1.00, without_message: false}\n",
        head="defaults: {public_title: Good, private_comment: by hand}\n",
    )
    assert first.texts() == (("private_comment", "by hand"), ("without_message", True))
    assert second.texts() == (("private_comment", "by hand"), ("public_title", (("EN", "Good"),)))


# --- former identities and allowances ------------------------------------------------------------------------------


def test_a_renamed_campaign(project: Project) -> None:
    """`formerly` at the head: every bonus counts what was issued under the campaign's old name."""
    (desired,) = project.bonuses("  - {user_id: w1, key: a, amount: 1.00}\n", head="formerly: old\n")
    assert desired.formerly == Identity("", "old", "w1", "", "a")
    assert desired.campaign.formerly == "old"


def test_a_bonus_that_was_another(project: Project) -> None:
    """A part that is absent was as it is now; an empty one was none."""
    (first, second, third) = project.bonuses(
        "  - {user_id: w1, key: new, assignment_id: a1, amount: 1.00, formerly: {key: ~}}\n"
        "  - {user_id: w2, key: new, amount: 1.00, formerly: {campaign: other, assignment_id: a9}}\n"
        "  - {user_id: w3, amount: 1.00}\n"
    )
    assert first.formerly == Identity("", "image-labels", "w1", "a1", "")
    assert second.formerly == Identity("", "other", "w2", "a9", "new")
    assert third.formerly is None


def test_former_identities_of_rows(project: Project) -> None:
    """An entry with `from` says it for all its rows: they had no key before."""
    project.write("data/a.csv", "user_id,amount,task\nw1,1.00,t1\n")
    (desired,) = project.bonuses("  - {from: data/a.csv, fields: {key: task}, formerly: {key: }}\n")
    assert (desired.key, desired.formerly) == ("t1", Identity("", "image-labels", "w1", "", ""))


def test_allowances_add_up(project: Project) -> None:
    """`allow` of the file holds for every bonus, that of a bonus for it alone."""
    first, second = project.bonuses(
        "  - {user_id: w1, amount: 1.00, allow: [repeat]}\n  - {user_id: w2, amount: 1.00}\n"
    )
    assert (first.allow, second.allow, first.campaign.allow) == (frozenset({"repeat"}), frozenset(), frozenset())
    (third,) = project.bonuses("  - {user_id: w3, amount: 1.00}\n", head="allow: [repeat]\n")
    assert (third.allow, third.campaign.allow) == (frozenset({"repeat"}), frozenset({"repeat"}))


# --- several files -------------------------------------------------------------------------------------------------


def test_an_identity_in_two_files_of_a_campaign(project: Project) -> None:
    """Both places are named."""
    project.write("a.yaml", f"{HEAD}bonuses:\n  - {{user_id: w1, amount: 1.00}}\n")
    project.write("b.yaml", f"{HEAD}bonuses:\n  - {{user_id: w1, amount: 1.00}}\n")
    project.read()
    (diagnostic,) = project.diagnostics
    assert diagnostic.summary == "The bonus image-labels/w1 stands twice"
    assert diagnostic.place == Place("specs/b.yaml", 5, 5)
    assert diagnostic.detail.startswith("It stands in specs/a.yaml:5 too.")


def test_a_data_file_that_two_specs_name_is_said_once_with_both_specs(project: Project) -> None:
    """Each of its rows would be a double at one and the same place: what is wrong is the file's second name."""
    project.write("data/w.csv", "user_id,amount\nw1,1.00\nw2,2.00\n")
    project.write("a.yaml", f"{HEAD}bonuses:\n  - from: data/w.csv\n")
    project.write("b.yaml", f"{HEAD}bonuses:\n  - from: data/w.csv\n")
    project.read()
    (diagnostic,) = project.diagnostics
    assert diagnostic.code == "duplicate-data-file"
    assert diagnostic.summary == "specs/a.yaml and specs/b.yaml both take the rows of specs/data/w.csv"
    assert diagnostic.detail.startswith("So image-labels/w1 stands twice, and what else both ask for.")
    assert diagnostic.place == Place("specs/data/w.csv", 2, 1)


def test_a_data_file_that_one_spec_names_twice_is_said_once(project: Project) -> None:
    project.write("data/w.csv", "user_id,amount\nw1,1.00\nw2,2.00\n")
    project.write("a.yaml", f"{HEAD}bonuses:\n  - from: data/w.csv\n  - from: data/w.csv\n")
    project.read()
    assert project.summaries() == ["specs/a.yaml takes the rows of specs/data/w.csv twice"]


def test_two_bonuses_on_one_line_of_a_spec_stand_twice(project: Project) -> None:
    project.write("a.yaml", f"{HEAD}bonuses: [{{user_id: w1, amount: 1.00}}, {{user_id: w1, amount: 1.00}}]\n")
    project.read()
    assert project.summaries() == ["The bonus image-labels/w1 stands twice"]


def test_files_of_a_campaign_agree(project: Project) -> None:
    """Provider and budget are the campaign's, not a file's."""
    project.write("a.yaml", f"{HEAD}budget: 5.00\nbonuses: []\n")
    project.write("b.yaml", "version: 1\ncampaign: image-labels\nprovider: roubles\nbonuses: []\n")
    project.read()
    assert [(diagnostic.summary, diagnostic.detail, diagnostic.place) for diagnostic in project.diagnostics] == [
        (
            "Two files of campaign `image-labels` differ in `provider`",
            "Here it is `roubles`, in specs/a.yaml:2 it is `toloka`.",
            Place("specs/b.yaml", 2, 1),
        ),
        (
            "Two files of campaign `image-labels` differ in `budget`",
            "Here it is not set, in specs/a.yaml:4 it is `5.00`.",
            Place("specs/b.yaml", 2, 1),
        ),
    ]


def test_heads_alone(project: Project) -> None:
    """The campaigns of all specs are known without reading their bonuses, whose mistakes stay unsaid."""
    project.write("a.yaml", f"{HEAD}bonuses:\n  - {{user_id: w1, amount: many}}\n")
    project.write("b.yaml", "version: 1\ncampaign: sounds\nprovider: roubles\nbudget: 9.00\nbonuses: []\n")
    diagnostics = Diagnostics()
    settings = project.settings()
    heads = campaign_heads(settings, spec_files(settings, cwd=project.root), diagnostics)
    assert heads == (
        Campaign("image-labels", "toloka", None, frozenset(), "", "specs/a.yaml", 2),
        Campaign("sounds", "roubles", Decimal("9.00"), frozenset(), "", "specs/b.yaml", 2, 4),
    )
    assert list(diagnostics) == []


@pytest.mark.parametrize(
    "text",
    [
        "bonuses:\n- {user_id: w1}\ncampaign: c\ndefaults: {amount: 1.00}\nprovider: toloka\nversion: 1\n",
        "campaign: c\nprovider: toloka\nversion: 1\nbonuses:\n  - {user_id: w1}\ndefaults: {amount: 1.00}\n",
        '{"version": 1, "campaign": "c", "provider": "toloka", "bonuses": [{"user_id": "w1"}], "defaults": {"amount": 1.00}}',
        "  version: 1\n  campaign: c\n  provider: toloka\n  bonuses: [{user_id: w1}]\n  defaults: {amount: 1.00}\n",
        "\ufeffversion: 1\r\ncampaign: c\r\nprovider: toloka\r\ndefaults: {amount: 1.00}\r\nbonuses:\r\n- {user_id: w1}\r\n",
    ],
)
def test_keys_come_in_any_order(project: Project, text: str) -> None:
    """A file that a program wrote, with sorted keys, as JSON, indented, or with CRLF and a byte order mark, reads alike."""
    project.write("w.yaml", text)
    (desired,) = project.read()
    assert (desired.campaign.name, desired.recipient, str(desired.amount)) == ("c", "w1", "1.00")
    assert project.summaries() == []


def test_the_short_way_agrees_with_the_careful_way(project: Project) -> None:
    """Bonuses that differ only in what sends them the careful way are otherwise the same."""
    texts = "amount: 1.00, private_comment: a comment of some length, public_title: {EN: Great work}"
    first, _, third = project.bonuses(
        f"  - {{user_id: w1, {texts}}}\n  - {{user_id: w2, {texts}}}\n  - {{user_id: w3, {texts}, vars: {{a: b}}}}\n"
    )
    assert first.texts() == third.texts()
    assert [desired.bonus_id for desired in (first, third)] == [
        desired.identity("").bonus_id for desired in (first, third)
    ]
