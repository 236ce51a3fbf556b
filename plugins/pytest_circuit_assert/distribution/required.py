"""`--claims-require-gpu`: where there is no GPU the run fails, rather than look green."""

from __future__ import annotations

import functools

import pytest

from pytest_circuit_assert.markers import is_about_claims, without_gpu

_ASKED = "--claims-require-gpu"


class RequiredGpu:
    """Registered when a GPU is required.

    Args:
        config: pytest's.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._is_worker = hasattr(config, "workerinput")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Stop before anything runs. A worker goes on, and fails its tests."""
        if self._is_worker or not any(map(is_about_claims, session.items)):
            return
        missing = _missing()
        if missing is not None:
            raise pytest.UsageError(missing)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Fail what would be left out, or would run on the CPU."""
        missing = _missing() if is_about_claims(item) else None
        if missing is not None:
            pytest.fail(missing, pytrace=False)


@functools.cache
def _missing() -> str | None:
    lacking = without_gpu()
    return None if lacking is None else f"{_ASKED}: {lacking} on this machine."
