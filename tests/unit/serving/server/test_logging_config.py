"""Lines of the log: what they tell, and what they never tell."""

import json
import logging

import pytest
from structlog.contextvars import bound_contextvars

from serving.auth.api_key import KEY_PREFIX
from serving.server.logging_config import json_formatter

CANARY = "Zaphod Beeblebrox"


def line(message, *arguments, error=None, **extra):
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("triage", logging.INFO, "f.py", 1, message, arguments, info)
    vars(record).update(extra)
    return json.loads(json_formatter().format(record))


def test_a_line_tells_time_level_logger_event_and_trace():
    with bound_contextvars(trace_id="4bf9"):
        said = line("answered %d", 3, route="/livez", status=200)
    assert said["event"] == "answered 3"
    assert (said["level"], said["logger"], said["trace_id"]) == ("info", "triage", "4bf9")
    assert (said["route"], said["status"]) == ("/livez", 200)
    assert said["time"].endswith("Z")


def test_unexpected_log_fields_are_left_out():
    assert CANARY not in json.dumps(line("answered", body=CANARY, person=CANARY))


def test_an_error_is_told_by_kind_and_place_without_its_words():
    try:
        int(CANARY)
    except ValueError as error:
        said = line("failed", error=error)
    assert said["error"] == "ValueError"
    assert "test_logging_config.py" in said["at"][-1]
    assert CANARY not in json.dumps(said)


@pytest.mark.parametrize(
    "secret",
    [
        "Authorization: Bearer hunter2.hunter2",
        "eyJhbGciOiJub25lIn0.hunter2.hunter2",
        "postgresql://triage:hunter2@db/triage",
        f"{KEY_PREFIX}0a1b_hunter2",
        "http://hunter2@collector:4318/",
    ],
)
def test_secrets_are_masked_whoever_logs_them(secret):
    assert "hunter2" not in line("cannot reach %s", secret)["event"]


def test_a_line_has_an_end_and_stays_one_line():
    said = line("x\n" * 100_000)
    assert len(said["event"]) <= 2000
    assert "\n" not in json.dumps(said)
