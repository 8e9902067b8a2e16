import pytest

from tests.contract.service import service


@pytest.fixture(scope="package")
def app(tmp_path_factory):
    """The service with everything loaded, one for all tests here."""
    with service(tmp_path_factory.mktemp("lake")) as app:
        yield app
