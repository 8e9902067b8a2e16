"""The receiver takes what the service signs, and nothing else."""

import base64

import pytest

from serving.events.webhook_signature import WEBHOOK_KEY_PREFIX, signature_headers
from serving.examples.webhook import TOLERANCE_SECONDS, InvalidWebhookError, verify_event

NOW = 1_780_000_000
OLD, NEW = b"o" * 32, b"n" * 32
BODY = b'{"specversion": "1.0", "id": "r-1", "type": "recommendation.given"}'


def secret(raw):
    return WEBHOOK_KEY_PREFIX + base64.b64encode(raw).decode()


def test_events_signed_by_the_service_are_accepted():
    assert (
        verify_event(signature_headers([NEW], "e-1", NOW, BODY), BODY, secret(NEW), NOW + 5)["id"]
        == "r-1"
    )


def test_while_a_secret_is_changed_both_are_good():
    headers = signature_headers([NEW, OLD], "e-1", NOW, BODY)
    for raw in (OLD, NEW):
        assert verify_event(headers, BODY, secret(raw), NOW)["id"] == "r-1"


@pytest.mark.parametrize("late", [TOLERANCE_SECONDS + 1, -TOLERANCE_SECONDS - 1])
def test_a_message_sent_again_much_later_is_refused(late):
    with pytest.raises(InvalidWebhookError, match="too long ago"):
        verify_event(signature_headers([NEW], "e-1", NOW, BODY), BODY, secret(NEW), NOW + late)


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "e-2"},
        {"webhook-timestamp": str(NOW + 1)},
        {"webhook-timestamp": "soon"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,é v2,x"},
        {"webhook-signature": signature_headers([OLD], "e-1", NOW, BODY)["webhook-signature"]},
    ],
)
def test_a_message_that_was_changed_is_refused(changed):
    headers = signature_headers([NEW], "e-1", NOW, BODY) | changed
    with pytest.raises(InvalidWebhookError):
        verify_event(headers, BODY, secret(NEW), NOW)


def test_another_body_or_no_headers_is_refused():
    headers = signature_headers([NEW], "e-1", NOW, BODY)
    for given, body in ((headers, BODY + b" "), ({}, BODY)):
        with pytest.raises(InvalidWebhookError):
            verify_event(given, body, secret(NEW), NOW)


def test_a_signed_body_that_is_no_event_is_refused():
    with pytest.raises(InvalidWebhookError, match="not an event"):
        verify_event(signature_headers([NEW], "e-1", NOW, b"[]"), b"[]", secret(NEW), NOW)
