"""What changed between two runs: pure functions from two ledgers to a `Comparison`.

Claims are matched by what they say, not by the test that asserts them, so that a test may move.
"""

from circuit_assert.comparison.change import Change, Gone, NotRun
from circuit_assert.comparison.compare import Comparison, compare
from circuit_assert.comparison.drift import Drift
from circuit_assert.comparison.settings import Setting

__all__ = ["Change", "Comparison", "Drift", "Gone", "NotRun", "Setting", "compare"]
