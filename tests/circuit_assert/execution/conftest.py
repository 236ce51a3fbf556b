import pytest

from circuit_assert import repeated_tokens
from circuit_assert.backends.load import load
from circuit_assert.models.planted_models import induction_model, lookup_model, lookup_prompts
from circuit_assert.models.spec import spec_of


@pytest.fixture(scope="session")
def induction():
    """A loaded model of three layers of six heads."""
    return load(spec_of(induction_model()))


@pytest.fixture(scope="session")
def lookup():
    """A loaded model of two layers of eight heads, with a task."""
    return load(spec_of(lookup_model()))


@pytest.fixture(scope="session")
def sequences():
    """Repeated tokens of three lengths."""
    return repeated_tokens(lengths=(4, 5, 6), sequences=12)


@pytest.fixture(scope="session")
def task():
    """Prompts of several templates and lengths, with answers, foils and corrupt sides."""
    return lookup_prompts(templates=8, per_template=4)
