"""A verdict in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from serving.audit.verify.fault import Finding, Verdict

OWN_KEY = (
    "Checkpoints were held against this lake's own key. Whoever can change the record here may "
    "also have that key: a key and a checkpoint kept elsewhere (--key, --from, --against) prove "
    "more."
)


def sentences(verdict: Verdict) -> Iterator[str]:
    """What was looked at and how it stands, without the findings."""
    read = f"{verdict.entries:,} entries read and recomputed"
    if verdict.since:
        read += (
            f", those after {verdict.since:,}; the {verdict.since:,} before are proven by the "
            "checkpoint it resumed from (their payloads were not read)"
        )
    yield f"Log {verdict.origin}, {verdict.size:,} entries, root {verdict.root}: {read}."
    yield _covered(verdict)
    if verdict.erased:
        yield f"{verdict.erased:,} payloads were erased, each named by an entry that says so."
    if verdict.restored:
        yield (
            f"{verdict.restored:,} payloads are there although an entry says that they were "
            "erased: a copy was put back."
        )
    if verdict.steps_back:
        furthest = verdict.clock_steps[0]
        yield (
            f"Recorded clocks stepped back {verdict.steps_back:,} times, furthest at entry "
            f"{furthest.sequence:,} by {furthest.seconds:,.3f} s; the order is that of the numbers."
        )


def _covered(verdict: Verdict) -> str:
    if not verdict.covered:
        return (
            "No signed checkpoint covers any of it: a record that was cut or rewritten as a whole "
            "could not be told from this one."
        )
    told = f"{verdict.checkpoints:,} signed checkpoints fit; entries up to {verdict.covered:,} "
    if not verdict.uncovered:
        return f"{told}are covered, which is all of them."
    return (
        f"{told}are covered. The {verdict.uncovered:,} after that are not yet: until the next "
        "checkpoint, whoever has the database could change them unseen."
    )


def place(finding: Finding) -> str:
    """Where a finding is, in few words."""
    where = finding.where.replace("_", " ")
    return where if finding.sequence is None else f"{where}, entry {finding.sequence:,}"
