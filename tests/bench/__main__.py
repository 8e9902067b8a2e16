"""Run all measurements, or the named one with its own arguments.

python -m tests.bench [serving | audit_appends | duplicates] [its arguments]
"""

from __future__ import annotations

import sys

from tests.bench import audit_appends, duplicates, serving

BENCHES = {
    "serving": serving.main,
    "audit_appends": audit_appends.main,
    "duplicates": duplicates.main,
}


def main() -> None:
    """Run the measurements."""
    named = sys.argv[1:2]
    if named and named[0] in BENCHES:
        del sys.argv[1]
        BENCHES[named[0]]()
        return
    if named and not named[0].startswith("-h"):
        sys.exit(f"{named[0]!r} is none of the measurements: {', '.join(BENCHES)}")
    if named:
        sys.exit(__doc__)
    for run in BENCHES.values():
        run()


if __name__ == "__main__":
    main()
