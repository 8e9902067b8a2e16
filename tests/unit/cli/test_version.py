"""`triage --version` names the release and the code, as every entry of the audit log does."""

from typer.testing import CliRunner

from serving.runtime.context import code_version
from triage import app


def test_the_version_is_the_one_that_entries_name():
    result = CliRunner().invoke(app, ["--version"])
    assert result.exit_code == 0
    assert result.stdout.strip() == f"exception-triage {code_version()}"
