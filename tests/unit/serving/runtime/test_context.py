"""Which trace a request belongs to, and which code answered."""

import tomllib

import pytest

from serving.runtime.context import (
    RequestContext,
    code_version,
    parse_trace_id,
    release_of,
    service_context,
)

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"


@pytest.mark.parametrize(
    "header",
    [
        f"00-{TRACE}-{PARENT}-01",
        f" 00-{TRACE}-{PARENT}-00 ",
        f"cc-{TRACE}-{PARENT}-01-what-a-later-version-says",
    ],
)
def test_the_trace_of_a_caller_goes_on(header):
    assert parse_trace_id(header) == TRACE


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01-more",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{TRACE[:-1]}-{PARENT}-01",
        f"00-{TRACE[:-1]}g-{PARENT}-01",
        TRACE,
    ],
)
def test_an_invalid_traceparent_begins_a_new_trace(header):
    one, other = parse_trace_id(header), parse_trace_id(header)
    assert one != other
    assert TRACE not in {one, other}
    assert parse_trace_id(f"00-{one}-{PARENT}-01") == one


def test_the_code_version_follows_the_content_and_the_place_of_every_file(tmp_path):
    first = tmp_path / "serving" / "one.py"
    first.parent.mkdir()
    first.write_text("a = 1\n")
    before = code_version(tmp_path)
    assert code_version(tmp_path) == before
    (tmp_path / "serving" / "notes.txt").write_text("no code")
    (tmp_path / "training").mkdir()
    (tmp_path / "training" / "two.py").write_text("b = 2\n")
    assert code_version(tmp_path) == before
    first.write_text("a = 2\n")
    changed = code_version(tmp_path)
    first.write_text("a = 1\n")
    first.rename(first.with_name("other.py"))
    assert len({before, changed, code_version(tmp_path)}) == 3


def test_this_code_has_the_release_of_the_project_and_twelve_digits(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    release, digits = code_version().split("+")
    assert release == release_of(code_version()) == project["version"]
    assert len(digits) == 12


def test_work_of_the_service_itself_is_recorded_under_its_own_name():
    made = service_context("0.1.0+0123456789ab")
    assert made.recorded() == {
        "trace_id": made.trace_id,
        "caller": "service",
        "idempotency_key": None,
        "code_version": "0.1.0+0123456789ab",
        "monotonic_ns": made.monotonic_ns,
    }
    assert RequestContext(TRACE, "local", None, "x").monotonic_ns > made.monotonic_ns
