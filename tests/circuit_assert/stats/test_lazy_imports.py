"""Importing the statistics is cheap."""

import subprocess
import sys

import pytest

LOADED = "import sys, {0}; print(*{{m.split('.')[0] for m in sys.modules}})"


def loaded_by(module):
    program = LOADED.format(module)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_importing_stats_loads_no_heavy_library():
    loaded = loaded_by("circuit_assert.stats")
    assert "numpy" in loaded
    assert not loaded & {"scipy", "statsmodels", "pandas", "torch", "matplotlib"}


@pytest.mark.parametrize("library", ["scipy"])
def test_the_test_can_fail(library):
    assert library in loaded_by("scipy.special")
