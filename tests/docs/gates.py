"""Generate the table of gates in docs/models.md."""

from tests.docs.markdown import table
from training.gates.catalogue import GATES


def gates() -> str:
    """Return a table of the gates: code and what it asks for."""
    return "\n".join(table(("code", "asks that"), ((f"`{g.code}`", g.title) for g in GATES)))
