import pytest

from circuit_assert import Session


@pytest.fixture(scope="package")
def session():
    session = Session()
    yield session
    session.close()
