import pytest
from hypothesis.database import InMemoryExampleDatabase

from circuit_assert.models.planted_models import induction_model, lookup_model
from circuit_assert.session import Session


@pytest.fixture
def runs():
    """What the executor reports, an entry for each run."""
    return []


@pytest.fixture
def model(runs):
    """The planted induction model."""
    return Session(progress=lambda said, done, total: total and runs.append(done)).model(
        induction_model()
    )


@pytest.fixture
def lookup(runs):
    """The planted lookup model."""
    return Session(progress=lambda said, done, total: total and runs.append(done)).model(
        lookup_model()
    )


@pytest.fixture
def database():
    """An example database of this test's own."""
    return InMemoryExampleDatabase()
