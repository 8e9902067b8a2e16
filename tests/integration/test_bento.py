"""The bento that is deployed: it is built without a network, and serves by itself."""

import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import suppress

import pytest

from serving.server.supervisor import stop_process
from tests.support.polling import poll_until


@pytest.fixture(scope="module")
def environment(tmp_path_factory, root):
    """Nothing of this checkout is on the path: what is missing in the bento is missed."""
    home = tmp_path_factory.mktemp("bento")
    own = {
        "BENTOML_HOME": str(home / "bentoml"),
        "BENTOML_DO_NOT_TRACK": "True",
        "OTEL_SDK_DISABLED": "true",
        "TRIAGE_HOME": str(home / "lake"),
        "PIP_NO_INDEX": "1",
        "UV_OFFLINE": "1",
    }
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | own


@pytest.fixture(scope="module")
def bento(environment, root):
    """Tag of the bento that the bentofile builds."""
    build = ["build", "--bentofile", "serving/deploy/bentofile.yaml", "--output", "tag", "."]
    done = subprocess.run(
        [sys.executable, "-m", "bentoml", *build],
        check=False,
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1].removeprefix("__tag__:")


def test_the_bento_serves_and_lets_nobody_in_who_is_not_known(bento, environment, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "bentoml", "serve", bento, "--host", "127.0.0.1"]
    process = subprocess.Popen(
        [*command, "--port", str(port)],
        cwd=tmp_path,
        env=environment,
        stdout=(tmp_path / "log").open("wb"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        assert alive(f"http://127.0.0.1:{port}/livez", process) == {"status": "alive"}
        for path in ("/metrics", "/desk", "/v1/recommendations/x"):
            with pytest.raises(urllib.error.HTTPError, match="401"):
                urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10)
    finally:
        stop_process(process)


def alive(address, process):
    """Return the answer of the liveness probe once the bento gives one."""

    def probe():
        assert process.poll() is None, "the bento ended before it answered"
        with suppress(OSError), urllib.request.urlopen(address, timeout=2) as answer:
            return json.load(answer)

    return poll_until(probe, seconds=90, interval=0.1)
