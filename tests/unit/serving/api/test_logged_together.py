"""What is logged while requests are answered together names the traces it was done for."""

import io
import json
import logging
from types import SimpleNamespace

import pytest

from serving.api.asking import Asking
from serving.api.problems import Problem
from serving.api.scoring import Question, answered
from serving.context import Context
from serving.observe.logs import formatter
from serving.observe.traces import here

LOG = logging.getLogger("test.together")


class Refusing:
    """Refuses whatever it reads, and says so in the log."""

    def read(self, body, caller):
        LOG.warning("cannot be read")
        raise Problem(422, "it cannot be read")


def question(trace):
    asked = Asking(Context(trace, "erp", None, "code"), None)
    return Question(SimpleNamespace(), Refusing(), SimpleNamespace(), b"{}", asked, here())


@pytest.fixture
def lines():
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(formatter())
    LOG.addHandler(handler)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    LOG.removeHandler(handler)


def test_of_one_request_its_trace_is_named(lines):
    answered([question("4bf9")])
    (line,) = lines()
    assert line["trace_id"] == "4bf9"
    assert "trace_ids" not in line


def test_of_several_all_are_named_and_none_afterwards(lines):
    answered([question("4bf9"), question("77aa")])
    LOG.warning("later")
    *together, later = lines()
    assert [line["trace_ids"] for line in together] == [["4bf9", "77aa"]] * 2
    assert "trace_ids" not in later
