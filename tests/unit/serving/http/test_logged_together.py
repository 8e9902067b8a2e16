"""Log lines written for a batch of requests name the traces of all of them."""

import io
import json
import logging
from types import SimpleNamespace

import pytest

from serving.http.problems import Problem
from serving.http.scoring_routes import ReceivedRequest, process_requests
from serving.runtime.context import RequestContext
from serving.server.logging_config import json_formatter
from serving.telemetry.traces import current_context

LOG = logging.getLogger("test.together")


class Refusing:
    """Refuses whatever it reads, and says so in the log."""

    def read(self, received):
        LOG.warning("cannot be read")
        raise Problem(422, "it cannot be read")


def question(trace):
    context = RequestContext(trace, "erp", None, "code")
    return ReceivedRequest(
        SimpleNamespace(), Refusing(), SimpleNamespace(), b"{}", context, None, current_context()
    )


@pytest.fixture
def lines():
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(json_formatter())
    LOG.addHandler(handler)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    LOG.removeHandler(handler)


def test_a_log_line_of_one_request_names_its_trace(lines):
    process_requests([question("4bf9")])
    (line,) = lines()
    assert line["trace_id"] == "4bf9"
    assert "trace_ids" not in line


def test_a_log_line_of_several_requests_names_all_traces_and_later_lines_none(lines):
    process_requests([question("4bf9"), question("77aa")])
    LOG.warning("later")
    *together, later = lines()
    assert [line["trace_ids"] for line in together] == [["4bf9", "77aa"]] * 2
    assert "trace_ids" not in later
