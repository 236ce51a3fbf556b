"""The group: light, complete, and each command says what it does."""

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import click
import pytest

from circuit_assert.cli import COMMANDS, main

HEAVY = {"torch", "scipy", "pandas", "transformer_lens", "jinja2", "statsmodels", "pytest", "rich"}
CONTEXT = click.Context(main)
THERE = main.list_commands(CONTEXT)
OURS = {"run", "list", "show", "markdown", "badge", "models", "doctor"}


def test_the_commands_are_there():
    assert set(THERE) >= OURS
    assert set(THERE) <= set(COMMANDS)


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom circuit_assert.cli import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "print('loaded:', *sorted(m for m in sys.modules if '.' not in m))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split("loaded:")[1].split())
    assert "click" in loaded
    assert loaded.isdisjoint(HEAVY)
    for name in THERE:
        assert f"  {name} " in done.stdout


@pytest.mark.parametrize("name", THERE)
def test_each_command_has_an_example(command, name):
    result = command(name, "--help")
    assert result.exit_code == 0
    assert "Example:" in result.output
    assert f"circuit-assert {name}" in result.output
    found = main.get_command(CONTEXT, name)
    assert found is not None
    assert found.name == name
    for parameter in found.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, (name, parameter.name)


def test_the_group_works_when_a_module_is_missing(command, monkeypatch):
    monkeypatch.setattr("circuit_assert.cli.COMMANDS", {"models": "…", "gone": "Not there."})
    result = command("--help")
    assert "models" in result.output
    assert "gone" not in result.output
    assert command("gone").exit_code == 2
    assert "No such command 'gone'" in command("gone").output


def test_the_version(command):
    assert command("--version").output == (
        f"circuit-assert, version {metadata.version('circuit-assert')}\n"
    )


def test_python_dash_m_is_the_same():
    done = subprocess.run(
        [sys.executable, "-m", "circuit_assert", "--version"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.startswith("circuit-assert, version ")


def test_the_script_is_installed_under_its_name():
    root = Path(__file__).parents[3]
    assert 'circuit-assert = "circuit_assert.cli:main"' in (root / "pyproject.toml").read_text()


def test_what_goes_wrong_on_purpose_is_an_error_without_a_traceback(command):
    result = command("badge")
    assert result.exit_code == 1
    assert result.output.startswith("Error: .claims is no folder with ledgers")
    assert isinstance(result.exception, SystemExit)
