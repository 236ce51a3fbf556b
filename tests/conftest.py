"""What holds for all tests."""

import gc

import pytest


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
