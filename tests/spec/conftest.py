"""Every spec that takes `ask` runs on both paths."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.spec.paths import Asking, Serving, training


@pytest.fixture(params=["training", "serving"])
def ask(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Asking]:
    """Asks about the past and about features, as training does and as serving does."""
    with ExitStack() as stores:
        yield Asking(training if request.param == "training" else Serving(tmp_path), stores)
