from dataclasses import replace

import pytest

from circuit_assert.session import Session


@pytest.fixture(scope="session")
def model_of():
    """A handle on a planted model, each in a session of its own, so that all stay loaded."""
    handles = {}

    def handle(planted):
        if planted.name not in handles:
            handles[planted.name] = Session().model(planted)
        return handles[planted.name]

    return handle


@pytest.fixture(scope="session")
def altered():
    """Makes a planted model with some of its weights changed: `change` edits the state dict."""

    def make(planted, name, change):
        def weights():
            tensors = {key: tensor.clone() for key, tensor in planted.weights().items()}
            change(tensors)
            return tensors

        return replace(planted, name=f"{planted.name}-{name}", weights=weights)

    return make
