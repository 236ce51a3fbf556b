"""What holds for all tests."""

import gc
import sys

import pytest

from tests.forked import Forking

_FROZEN = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """What is loaded by now stays loaded: no collection of garbage looks at it, now or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item):
    """Once the first model has been loaded, what was imported for it stays loaded as well."""
    yield
    if "transformer_lens" in sys.modules and not item.config.stash.get(_FROZEN, False):
        item.config.stash[_FROZEN] = True
        gc.collect()
        gc.freeze()


@pytest.fixture(scope="session")
def forking():
    """Starts processes that need not import the large libraries."""
    forking = Forking()
    yield forking
    forking.close()
