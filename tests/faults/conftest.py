"""Running a plan as a test, and what a machine lacks for it."""

import os

import pytest

from tests.faults.cycles import Figures, Plan, run
from tests.faults.place import NotHereError
from tests.faults.postgres import NoPostgresError


@pytest.fixture
def carry_out(tmp_path):
    """Carries out a plan; its figures. What cannot be done here is a skip, and a failure with CI."""

    def carried_out(plan: Plan) -> Figures:
        try:
            return run(plan, tmp_path).figures
        except (NotHereError, NoPostgresError) as error:
            if os.environ.get("CI"):
                pytest.fail(f"{plan.name}: {error}")
            pytest.skip(f"{plan.name}: {error}")

    return carried_out
