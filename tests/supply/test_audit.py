"""The gate on known vulnerabilities."""

from datetime import date

from tests.supply import audit

FOUND = {
    "dependencies": [
        {"name": "sound", "version": "1", "vulns": []},
        {"name": "skipped", "skip_reason": "not on the index"},
        {
            "name": "holed",
            "version": "2",
            "vulns": [{"id": "GHSA-1", "aliases": ["CVE-1"], "fix_versions": ["3"]}],
        },
    ]
}
TODAY = date(2026, 3, 1)


def test_a_vulnerability_is_refused_with_what_mends_it():
    assert audit.refused(FOUND, [], TODAY) == ["holed 2: GHSA-1, mended in 3"]


def test_an_allowed_vulnerability_passes_until_its_date_and_only_with_a_reason():
    allowed = {"id": "CVE-1", "reason": "not reached", "until": TODAY}
    assert audit.refused(FOUND, [allowed], TODAY) == []
    assert audit.refused(FOUND, [allowed], date(2026, 3, 2))
    assert audit.refused(FOUND, [allowed | {"reason": ""}], TODAY)


def test_nothing_fails_where_nobody_can_be_asked(monkeypatch, capsys):
    monkeypatch.setattr(audit, "asked", lambda: None)
    assert audit.main() == 0
    assert "could not be asked" in capsys.readouterr().out
