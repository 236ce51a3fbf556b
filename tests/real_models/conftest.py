import pytest

from circuit_assert import Session


@pytest.fixture(scope="package")
def model_of():
    """A handle on a model of the zoo, each in a session of its own, so that all stay loaded."""
    sessions = {}

    def handle(name):
        return sessions.setdefault(name, Session()).model(name)

    yield handle
    for session in sessions.values():
        session.close()


@pytest.fixture(scope="package")
def backend_of(model_of):
    """What runs a model of the zoo."""

    def loaded(name):
        model = model_of(name)
        return model.court._loaded(model.spec).weights

    return loaded
