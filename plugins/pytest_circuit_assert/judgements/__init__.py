"""What a test does with its claims: which it builds, which it judges, and what it says of them."""

from __future__ import annotations

import pytest


class UnjudgedClaimWarning(pytest.PytestWarning):
    """A test builds claims that it never judges."""


UnjudgedClaimWarning.__module__ = "pytest_circuit_assert"


class ClaimLockWarning(pytest.PytestWarning):
    """A claim is not as the lock says: another threshold, other prompts, or not in it at all."""


ClaimLockWarning.__module__ = "pytest_circuit_assert"
