"""Known vulnerabilities of what the service is pinned to: `python -m tests.supply.audit`.

Exit code 1 for one that is not in `allowed.toml`, or is there past its day. Where the database
cannot be asked, that is said, and nothing fails: a build must not hang on somebody's network.
"""

import json
import subprocess
import sys
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ALLOWED = Path(__file__).with_name("allowed.toml")
PINNED = ROOT / "serving" / "deploy" / "requirements.txt"
SECONDS = 600


def main() -> int:
    """Ask, and say what was found."""
    said = asked()
    if said is None:
        say("vulnerabilities: the database could not be asked; nothing was checked")
        return 0
    allowed = tomllib.loads(ALLOWED.read_text()).get("allowed", [])
    wrong = refused(said, allowed, datetime.now(UTC).date())
    for line in wrong:
        say(line)
    asked_of = sum("vulns" in one for one in said["dependencies"])
    say(f"vulnerabilities: {asked_of} packages asked, {len(wrong)} to mend")
    return 1 if wrong else 0


def say(line: str) -> None:
    """A line for whoever reads the build."""
    sys.stdout.write(f"{line}\n")


def asked() -> dict | None:
    """What pip-audit says of the pins; None where it could not ask."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(PINNED), "--format", "json"]
    command += ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--timeout", "10"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        said = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return None
    return said if any("vulns" in one for one in said["dependencies"]) else None


def refused(said: dict, allowed: list[dict], today: date) -> list[str]:
    """A line for each vulnerability that is not allowed on that day. said: pip-audit's JSON."""
    until = {one["id"]: one["until"] for one in allowed if one["reason"]}
    lines = []
    for package in said["dependencies"]:
        for found in package.get("vulns", []):
            names = {found["id"], *found.get("aliases", [])}
            if not any(until[name] >= today for name in names & until.keys()):
                mended = ", ".join(found.get("fix_versions", [])) or "no version yet"
                what = f"{package['name']} {package['version']}"
                lines.append(f"{what}: {found['id']}, mended in {mended}")
    return lines


if __name__ == "__main__":
    sys.exit(main())
