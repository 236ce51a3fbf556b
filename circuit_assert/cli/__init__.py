"""The command `circuit-assert`: a module for each of its commands, loaded when it is called."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import click

from circuit_assert.errors import CircuitAssertError

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "run": "Judge claims: pytest, with the plugin of circuit-assert.",
        "list": "List the claims of tests without judging them.",
        "show": "Draw one claim from the ledgers: what was found, and on what.",
        "compare": "Say what changed between two runs.",
        "lock": "Write down what is claimed, before it is measured.",
        "report": "Write runs as one HTML file.",
        "markdown": "Write runs as Markdown, for a pull request.",
        "check": "Say whether a run made elsewhere is whole, of this commit, and passed.",
        "badge": "Write the pass rate as an SVG badge.",
        "merge": "Put the ledgers of several runs together.",
        "models": "List the models that need no hub, and what is missing of them.",
        "doctor": "Check versions, devices and caches; say which tests would not run.",
    }
)
"""Command → what it does; each is `command` in the module of its name."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called, not when it is."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Those that are there, in the order of the table."""
        return [name for name in COMMANDS if importlib.util.find_spec(f"{__name__}.{name}")]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None when there is none of this name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        return importlib.import_module(f"{__name__}.{cmd_name}").command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands and what they do, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name]) for name in self.list_commands(ctx)])

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's signature
        """Say what went wrong on purpose as an error of the command, without a traceback."""
        try:
            return super().invoke(ctx)
        except CircuitAssertError as problem:
            raise click.ClickException(str(problem)) from problem


@click.group(cls=LazyGroup, context_settings={"max_content_width": 100})
@click.version_option(package_name="circuit-assert")
def main() -> None:
    """Test circuit hypotheses: claims about the inside of language models.

    \b
    Example:
      circuit-assert run hypotheses/smollm2_135m
      circuit-assert show L18H6
    """
