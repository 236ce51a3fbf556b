"""`circuit-assert run`: pytest, with the plugin whatever else is loaded."""

from __future__ import annotations

import sys

import click

PLUGIN = "pytest_circuit_assert"


@click.command(
    "run", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False}
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[PYTEST ARGUMENTS]...")
def command(arguments: tuple[str, ...]) -> None:
    """Judge claims: pytest, with the plugin of circuit-assert.

    Every argument goes to pytest as it is; the exit status is pytest's. For pytest's own help,
    `circuit-assert run -- --help`.

    \b
    Example:
      circuit-assert run hypotheses/smollm2_135m -k induction --claims-seed=1
    """
    import pytest

    sys.exit(pytest.main(["-p", PLUGIN, *arguments]))
