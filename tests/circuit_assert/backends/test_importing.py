"""No garbage is looked for while a large library is imported, and it is again afterwards."""

import gc

import pytest

from circuit_assert.backends.importing import no_garbage_collected


def test_no_garbage_is_looked_for_meanwhile():
    with no_garbage_collected():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_is_looked_for_again_after_a_failure():
    with pytest.raises(ImportError, match="missing"), no_garbage_collected():
        raise ImportError("missing")
    assert gc.isenabled()


def test_who_looks_for_none_is_left_alone():
    gc.disable()
    try:
        with no_garbage_collected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
