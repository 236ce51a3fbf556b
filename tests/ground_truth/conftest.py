from dataclasses import replace

import pytest

from circuit_assert.session import Session


@pytest.fixture(scope="module")
def session():
    return Session()


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
