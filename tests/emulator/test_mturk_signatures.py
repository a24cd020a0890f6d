"""Signature Version 4: botocore's own signer on one side, the emulator's check on the other."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import botocore.auth
import httpx
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from reconcile.emulator.messages import Request
from reconcile.emulator.mturk.refusals import AwsRefusal
from reconcile.emulator.mturk.sigv4 import check_signature, read_signature
from tests.emulator.mturk_client import Mturk, post
from tests.support.emulator import EmulatorProcess

BALANCE = "MTurkRequesterServiceV20170117.GetAccountBalance"


def signed(
    emulator: EmulatorProcess,
    *,
    key: str = "AKIDEMULATOR",
    service: str = "mturk-requester",
    signer: type[botocore.auth.SigV4Auth] = botocore.auth.SigV4Auth,
) -> dict[str, str]:
    """The headers of a request for the balance, signed by botocore."""
    headers = {"X-Amz-Target": BALANCE, "Content-Type": "application/x-amz-json-1.1"}
    request = AWSRequest("POST", f"{emulator.endpoint}/", headers=headers, data=b"{}")
    signer(Credentials(key, "emulator-secret-key"), service, "us-east-1").add_auth(request)
    return dict(request.headers.items())


def answered(emulator: EmulatorProcess, headers: dict[str, str], body: bytes = b"{}") -> tuple[int, str]:
    """(status, error) of a request with exactly these headers."""
    with httpx.Client(trust_env=False) as client:
        answer = client.post(f"{emulator.endpoint}/", content=body, headers=headers)
    return answer.status_code, answer.json().get("__type", "")


def test_the_worked_example_of_aws_is_recognised() -> None:
    """AWS's published example of a signed request: GET ListUsers of IAM at 2015-08-30T12:36:00Z."""
    request = Request(
        method="GET",
        path="/",
        query=(("Action", "ListUsers"), ("Version", "2010-05-08")),
        target="/?Action=ListUsers&Version=2010-05-08",
        headers={
            "host": "iam.amazonaws.com",
            "content-type": "application/x-www-form-urlencoded; charset=utf-8",
            "x-amz-date": "20150830T123600Z",
            "authorization": (
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request,"
                " SignedHeaders=content-type;host;x-amz-date,"
                " Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
            ),
        },
        body=b"",
        keep_alive=True,
    )
    signature = read_signature(request)
    at_ms = 1_440_938_160_000
    check_signature(request, signature, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", (at_ms,))
    with pytest.raises(AwsRefusal, match="does not match"):
        check_signature(request, signature, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEz", (at_ms,))


def test_a_request_signed_by_botocore_is_answered(emulator: EmulatorProcess) -> None:
    assert answered(emulator, signed(emulator)) == (200, "")


def test_another_secret_is_refused_by_mturk(mturk: Mturk) -> None:
    other = Mturk(mturk.emulator, secret="another-secret-key")
    status, error, _, message = other.refused(other.send)
    assert (status, error) == (403, "InvalidSignatureException")
    assert message.startswith("The request signature we calculated does not match the signature you provided.")
    assert other.paid() == []
    other.close()


def test_another_secret_is_refused_by_sts(mturk: Mturk) -> None:
    other = Mturk(mturk.emulator, secret="another-secret-key")
    assert other.refused(other.sts.get_caller_identity)[:2] == (403, "SignatureDoesNotMatch")
    other.close()


@pytest.mark.parametrize("key", ["AKIDSOMEBODY", "AKIDEMULATOR1", "AKIDEMULATOR20000000000x"])
def test_an_unknown_key_is_refused(emulator: EmulatorProcess, key: str) -> None:
    assert answered(emulator, signed(emulator, key=key)) == (403, "UnrecognizedClientException")


def test_a_request_without_a_signature_is_refused(emulator: EmulatorProcess) -> None:
    answer = post(emulator, "GetAccountBalance", {})
    assert answer.status_code == 403
    assert answer.json() == {"__type": "MissingAuthenticationTokenException", "message": "Missing Authentication Token"}


def _target(headers: dict[str, str]) -> dict[str, str]:
    return {**headers, "X-Amz-Target": "MTurkRequesterServiceV20170117.ListBonusPayments"}


def _new_header(headers: dict[str, str]) -> dict[str, str]:
    return {**headers, "X-Amz-Security-Token": "put in on the way"}


def _host(headers: dict[str, str]) -> dict[str, str]:
    return {**headers, "Host": "localhost"}


def _region(headers: dict[str, str]) -> dict[str, str]:
    return {**headers, "Authorization": headers["Authorization"].replace("us-east-1", "us-west-2")}


def _day(headers: dict[str, str]) -> dict[str, str]:
    day = headers["X-Amz-Date"][:8]
    return {**headers, "Authorization": headers["Authorization"].replace(f"/{day}/", "/20200101/")}


@pytest.mark.parametrize("change", [_target, _new_header, _host, _region, _day])
def test_a_request_that_was_altered_on_its_way_is_refused(
    emulator: EmulatorProcess, change: Callable[[dict[str, str]], dict[str, str]]
) -> None:
    assert answered(emulator, change(signed(emulator))) == (403, "InvalidSignatureException")


class KeyOfAnotherDay(botocore.auth.SigV4Auth):
    """Signs with a key that was derived for a day long past, and says so."""

    def credential_scope(self, request: AWSRequest) -> str:
        return "20200101/us-east-1/mturk-requester/aws4_request"

    def scope(self, request: AWSRequest) -> str:
        return f"AKIDEMULATOR/{self.credential_scope(request)}"

    def signature(self, string_to_sign: str, request: AWSRequest) -> str:
        now, request.context["timestamp"] = request.context["timestamp"], "20200101T000000Z"
        made: str = super().signature(string_to_sign, request)
        request.context["timestamp"] = now
        return made


def test_a_signature_by_the_key_of_another_day_is_refused(emulator: EmulatorProcess) -> None:
    headers = signed(emulator, signer=KeyOfAnotherDay)
    assert "Credential=AKIDEMULATOR/20200101/" in headers["Authorization"]
    assert answered(emulator, headers) == (403, "InvalidSignatureException")


def test_a_body_that_was_altered_on_its_way_is_refused(emulator: EmulatorProcess) -> None:
    body = json.dumps({"WorkerId": "A1"}).encode()
    assert answered(emulator, signed(emulator), body) == (403, "InvalidSignatureException")


def test_a_signature_for_another_service_is_refused(emulator: EmulatorProcess) -> None:
    assert answered(emulator, signed(emulator, service="sts")) == (403, "InvalidSignatureException")


@pytest.mark.parametrize(
    "authorization",
    [
        "AWS4-HMAC-SHA256 Credential=AKIDEMULATOR/20261122/us-east-1/mturk-requester/aws4_request",
        "AWS4-HMAC-SHA256 Credential=AKIDEMULATOR/x, SignedHeaders=host, Signature=00",
        "AWS4-HMAC-SHA256 Credential=AKIDEMULATOR/1/2/3/aws4_request, SignedHeaders=x-amz-date, Signature=00",
        "AWS4-HMAC-SHA256",
    ],
)
def test_a_signature_without_its_parts_is_refused(emulator: EmulatorProcess, authorization: str) -> None:
    headers = {**signed(emulator), "Authorization": authorization}
    assert answered(emulator, headers) == (403, "IncompleteSignatureException")


@pytest.mark.parametrize("date", ["", "yesterday", "2026-11-22T00:00:00Z"])
def test_a_signature_without_a_time_is_refused(emulator: EmulatorProcess, date: str) -> None:
    assert answered(emulator, {**signed(emulator), "X-Amz-Date": date}) == (403, "IncompleteSignatureException")


@pytest.mark.parametrize("minutes", [-14, 14])
def test_a_clock_fourteen_minutes_off_is_accepted(
    emulator: EmulatorProcess, monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    _set_signers_clock(monkeypatch, minutes)
    assert answered(emulator, signed(emulator)) == (200, "")


@pytest.mark.parametrize(("minutes", "words"), [(-16, "Signature expired: "), (16, "Signature not yet current: ")])
def test_a_clock_sixteen_minutes_off_is_refused(
    mturk: Mturk, monkeypatch: pytest.MonkeyPatch, minutes: int, words: str
) -> None:
    _set_signers_clock(monkeypatch, minutes)
    status, error, _, message = mturk.refused(mturk.send)
    assert (status, error) == (403, "InvalidSignatureException")
    assert message.startswith(words)
    assert mturk.paid() == []


def test_a_client_that_follows_the_emulators_moved_clock_is_accepted(
    emulator: EmulatorProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator.advance(86_400_000)
    ahead_ms = int(emulator.ledger()["clock_offset_ms"])
    _set_signers_clock(monkeypatch, ahead_ms // 60_000)
    assert answered(emulator, signed(emulator)) == (200, "")


def _set_signers_clock(monkeypatch: pytest.MonkeyPatch, minutes: int) -> None:
    right: Callable[[], datetime] = botocore.auth.get_current_datetime  # type: ignore[attr-defined]
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: right() + timedelta(minutes=minutes))
