"""What holds for all tests."""

import gc

import pytest

from tests.forked import Forking


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


@pytest.fixture(scope="session")
def forking():
    """Starts processes that need not import the large libraries."""
    forking = Forking()
    yield forking
    forking.close()
