"""Where hypothesis comes from: it is an optional dependency, imported when a search is made."""

from __future__ import annotations

from importlib.util import find_spec

from circuit_assert.errors import CircuitAssertError


def require_hypothesis() -> None:
    """Say what to install where hypothesis is missing.

    Raises:
        CircuitAssertError: when it is.
    """
    if find_spec("hypothesis") is None:
        raise CircuitAssertError(
            "searching for counterexamples needs hypothesis: "
            "pip install 'circuit-assert[counterexamples]'."
        )
