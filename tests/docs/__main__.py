"""Write the generated parts of the documentation: `python -m tests.docs`.

With --check nothing is written, and the exit code is 1 if something is out of date.
"""

import sys
from pathlib import Path

from tests.docs.generated import generated_files, stale

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str]) -> int:
    """Write, or check, and print the names of the files that changed or would."""
    old = stale(ROOT)
    if arguments not in ([], ["--check"]):
        sys.exit(__doc__)
    if not arguments:
        for path, text in generated_files(ROOT).items():
            path.write_text(text, encoding="utf-8")
    for name in old:
        sys.stdout.write(f"{name} {'is out of date' if arguments else 'was written'}\n")
    return 1 if arguments and old else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
