"""The files that others deploy with: valid by their own schemas, closed by default."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import compose_spec
import kubernetes_validate
import pytest
import yaml

from data.settings import describe_settings
from serving.server.operational_gauges import OperationalGauges, event_delivery_gauges
from serving.server.settings_catalogue import SETTINGS_CLASSES
from serving.server.supervisor import GRACE_SECONDS
from serving.telemetry.metrics import Metrics

KUBERNETES = "1.34"


@pytest.fixture
def deploy(root):
    return root / "serving" / "deploy"


@pytest.fixture
def manifests(deploy):
    files = sorted((deploy / "kubernetes").glob("*.yaml"))
    return [one for file in files for one in yaml.safe_load_all(file.read_text())]


def of_kind(manifests, kind):
    (one,) = [one for one in manifests if one["kind"] == kind]
    return one


def test_every_manifest_is_valid_and_a_slip_would_not_be(manifests):
    for one in manifests:
        kubernetes_validate.validate(one, KUBERNETES, strict=True)
    wrong = of_kind(manifests, "Deployment")
    wrong["spec"]["replicass"] = 2
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, KUBERNETES, strict=True)


def test_a_pod_runs_with_as_little_as_it_needs(manifests):
    pod = of_kind(manifests, "Deployment")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["livenessProbe"]["httpGet"]["path"] == "/livez"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["resources"]["limits"]["memory"]
    assert of_kind(manifests, "ConfigMap")["data"]["TRIAGE_WORKERS"] == "1"
    assert "Secret" not in {one["kind"] for one in manifests}, "a secret has no place in a file"


def test_the_pods_that_are_selected_are_those_that_are_made(manifests):
    labels = of_kind(manifests, "Deployment")["spec"]["template"]["metadata"]["labels"]
    selectors = [
        of_kind(manifests, "Deployment")["spec"]["selector"]["matchLabels"],
        of_kind(manifests, "Service")["spec"]["selector"],
        of_kind(manifests, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        of_kind(manifests, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
    ]
    assert all(selector.items() <= labels.items() for selector in selectors)


def test_compose_is_valid_and_a_slip_would_not_be(deploy):
    text = (deploy / "compose.yaml").read_text()
    spec = compose_spec.PyCompose.from_yaml(text)
    spec.validate()
    assert set(spec.service_names()) == {"service", "database"}
    with pytest.raises(ValueError, match="imagee"):
        compose_spec.PyCompose.from_yaml(text.replace("image:", "imagee:", 1))


def test_every_setting_in_the_files_is_one(deploy, manifests):
    known = {one.variable for one in describe_settings(SETTINGS_CLASSES, {})}
    compose = yaml.safe_load((deploy / "compose.yaml").read_text())["services"]["service"]
    named = set(re.findall(r"\bTRIAGE_[A-Z_]+", (deploy / "Dockerfile").read_text()))
    named |= set(compose["environment"]) | set(of_kind(manifests, "ConfigMap")["data"])
    assert named <= known
    for secret in compose["secrets"]:
        assert secret.upper() in known


UNIT = "systemd/triage.service"
HARDENED = {
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "RestrictNamespaces": "yes",
    "SystemCallFilter": "@system-service",
    "UMask": "0077",
}


def unit_of(text):
    """Sections of a unit file; of a name that stands several times, every value."""
    sections, section = {}, None
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), {})
        elif not line.startswith("#"):
            name, _, value = line.partition("=")
            section.setdefault(name, []).append(value)
    return sections


def test_the_systemd_unit_restarts_what_fails_and_may_do_little(deploy):
    service = unit_of((deploy / UNIT).read_text())["Service"]
    assert service["Restart"] == ["on-failure"]
    assert service["User"] != ["root"]
    assert {name: service[name] for name in HARDENED} == {n: [v] for n, v in HARDENED.items()}
    # Longer than the service takes to finish what it has accepted.
    assert int(service["TimeoutStopSec"][0]) > GRACE_SECONDS + 5


def test_the_systemd_unit_starts_a_command_that_there_is(deploy, root):
    service = unit_of((deploy / UNIT).read_text())["Service"]
    _, script, command, *options = service["ExecStart"][0].split()
    assert (root / Path(script).name).exists()
    assert command == "serve"
    assert set(options[::2]) <= {"--host", "--port"}
    known = {one.variable for one in describe_settings(SETTINGS_CLASSES, {})}
    named = {one.partition("=")[0] for one in service["Environment"]}
    assert {name for name in named if name.startswith("TRIAGE_")} <= known


def test_systemd_itself_takes_the_unit(deploy, tmp_path):
    """By its own checker where this machine has it; the paths are those of this machine."""
    checker = shutil.which("systemd-analyze")
    text = (deploy / UNIT).read_text()
    assert "/opt/triage/.venv/bin/python" in text
    if checker is None:
        return
    here = text.replace("/opt/triage/.venv/bin/python", sys.executable)
    file = tmp_path / "triage.service"
    file.write_text(here)
    done = subprocess.run(
        [checker, "verify", "--recursive-errors=no", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    file.write_text(here.replace("Restart=on-failure", "Restart=whenever"))
    wrong = subprocess.run(
        [checker, "verify", "--recursive-errors=no", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "whenever" in wrong.stderr


def test_the_image_is_pinned_and_neither_root_nor_secrets_are_in_it(deploy):
    lines = (deploy / "Dockerfile").read_text()
    assert all(
        re.search(r":\d+\.\d+\.\d+-", one)
        for one in re.findall(r"^FROM (\S+)", lines, re.MULTILINE)
    )
    users = re.findall(r"^USER (\S+)", lines, re.MULTILINE)
    assert users
    assert not users[-1].startswith(("root", "0"))
    assert re.search(r"^HEALTHCHECK ", lines, re.MULTILINE)
    assert "--require-hashes" in lines
    assert not re.search(r"(?i)password|token|api_?key|^ADD |curl|COPY \. ", lines, re.MULTILINE)


def test_everything_that_is_copied_is_there(root, deploy):
    for one in re.findall(
        r"^COPY (?!--from)(.+) \S+$", (deploy / "Dockerfile").read_text(), re.MULTILINE
    ):
        assert all((root / source).exists() for source in one.split())


def test_the_service_is_pinned_as_the_tests_are(root, deploy):
    def pins(file):
        return set(re.findall(r"^[a-z0-9._\[\]-]+==[^\s;]+", file.read_text(), re.MULTILINE))

    assert pins(deploy / "requirements.txt") <= pins(root / "requirements.txt")


def test_dashboard_and_alerts_ask_for_what_is_measured(deploy):
    measured = set(metric_names())
    dashboard = json.loads((deploy / "grafana" / "dashboard.json").read_text())
    asked = [one["expr"] for panel in dashboard["panels"] for one in panel["targets"]]
    alerts = yaml.safe_load((deploy / "prometheus" / "alerts.yaml").read_text())
    asked += [rule["expr"] for group in alerts["groups"] for rule in group["rules"]]
    names = {name for one in asked for name in re.findall(r"\btriage_[a-z_]+", one)}
    assert names
    assert names <= measured


def metric_names():
    """Names that Prometheus stores; figures are named in their source."""
    for family in Metrics({}).registry.collect():
        yield from (family.name + end for end in ("", "_total", "_bucket", "_count", "_sum"))
    import inspect

    for source in (OperationalGauges, event_delivery_gauges):
        yield from re.findall(r'"(triage_[a-z_]+)"', inspect.getsource(source))
