"""Ids are the same for ever, on every machine: the published vectors."""

from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile import identity

ACCOUNT = "toloka/sandbox/566ec2b0ff0deeaae5f9d500629de162"
FIRST = identity.bonus_id(
    project="",
    campaign="image-labels-2026-w47",
    recipient="fac97860c7929add8048ed2ef63b66fd",
    assignment_id="00001092da--61ef030400c684132d0da0de",
    key="",
)
SECOND = identity.bonus_id(
    project="",
    campaign="image-labels-2026-w47",
    recipient="a1b0b42923c429daa2c764d7ccfc364d",
    assignment_id="",
    key="quality-award",
)
THIRD = identity.bonus_id(project="vision", campaign="prüfung", recipient="00012", assignment_id="", key="")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (FIRST, "72899aee-4cc9-5326-86ec-85b957da2c3b"),
        (SECOND, "6002a636-02dd-5ebf-ac94-c87b4c4d0fa0"),
        (THIRD, "86b12c44-3c4d-5e5e-b89c-fd330db4abcb"),
        (identity.payment_id(FIRST, 1), "6dd303c5-a671-57d6-b149-274d46b6b2f9"),
        (identity.payment_id(FIRST, 2), "a2bff27f-51fd-532c-a9f8-4b2928c11e79"),
        (
            identity.operation_id(ACCOUNT, [(identity.payment_id(FIRST, 1), 1)]),
            "5783fd3f-eab9-5fdb-bf63-0182a85f89b2",
        ),
        (
            identity.operation_id(ACCOUNT, [(identity.payment_id(FIRST, 1), 2)]),
            "73463217-3638-521d-9b72-13acaa0b901f",
        ),
        (
            identity.operation_id(ACCOUNT, [(identity.payment_id(SECOND, 1), 1), (identity.payment_id(FIRST, 1), 1)]),
            "fa939971-8297-5150-8df3-f9c06a1c6a54",
        ),
    ],
)
def test_published_vectors(raw: bytes, text: str) -> None:
    """The ids of the documentation's examples."""
    assert identity.to_text(raw) == text


def test_the_namespace() -> None:
    """It is itself a UUIDv5, of a name that everybody can compute."""
    assert UUID("aac24880-a0fd-5b5d-9710-0f8c1d49ed0c") == identity.NAMESPACE
    assert uuid5(UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8"), "urn:bonusctl:ids:1") == identity.NAMESPACE


@given(st.text(st.characters(codec="utf-8")))
def test_uuid5_is_the_standard_one(name: str) -> None:
    """Made by hand for speed, it equals the standard library's over NFC."""
    import unicodedata

    assert identity.uuid5(name) == uuid5(identity.NAMESPACE, unicodedata.normalize("NFC", name)).bytes


_PART = st.text(st.characters(codec="utf-8", exclude_characters="\x1f"), max_size=20)


@given(_PART, _PART, _PART, _PART, _PART)
def test_many_ids_of_a_campaign_are_the_same_ids(
    project: str, campaign: str, recipient: str, job: str, key: str
) -> None:
    """The fast function for a whole campaign agrees with the plain one."""
    import unicodedata

    rest = unicodedata.normalize("NFC", "\x1f".join((recipient, job, key)))
    plain = identity.bonus_id(project=project, campaign=campaign, recipient=recipient, assignment_id=job, key=key)
    assert identity.bonus_ids(project, campaign)(rest) == plain
    assert list(identity.many_bonus_ids(project, campaign)([b"", rest.encode(), b"x"]))[1] == plain


@given(st.binary(min_size=16, max_size=16))
def test_texts_of_ids_come_back(raw: bytes) -> None:
    """With dashes, without them, and in capital letters."""
    text = identity.to_text(raw)
    assert identity.from_text(text) == raw
    assert identity.from_text(text.replace("-", "").upper()) == raw


@pytest.mark.parametrize("text", ["", "x", "72899aee", "72899aee-4cc9-5326-86ec-85b957da2c3g", "٧" * 32])
def test_other_texts_are_no_ids(text: str) -> None:
    """Anything else is None."""
    assert identity.from_text(text) is None
