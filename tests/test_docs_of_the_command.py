"""Commands and options: those there are are documented, and those in the docs are there."""

import importlib.util
import re
import shlex
from fnmatch import fnmatch
from pathlib import Path

import click
import pytest
import yaml

from circuit_assert.cli import COMMANDS, main
from circuit_assert.ledger.shards import Shards

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXT = {page.name: page.read_text() for page in PAGES}
CONTEXT = click.Context(main)
THERE = main.list_commands(CONTEXT)
WORKFLOWS = re.findall(r"```yaml\n(.*?)```", TEXT["ci.md"], re.DOTALL)
LINES = sorted(
    {
        line.strip()
        for text in TEXT.values()
        for block in re.findall(r"```(?:yaml|bash|sh)?\n(.*?)```", text, re.DOTALL)
        for line in block.splitlines()
        if re.match(r"\s*(?:- run: |run: )?(?:\S*/)?circuit-assert [a-z]", line)
    }
)


def plugin_options():
    source = "".join(path.read_text() for path in (ROOT / "plugins").rglob("*.py"))
    return set(re.findall(r'"(--claims-[a-z-]+)"', source))


def test_every_command_has_its_place_on_the_page():
    for name in COMMANDS:
        assert f"`circuit-assert {name}`" in TEXT["command.md"], name


@pytest.mark.parametrize("name", THERE)
def test_every_option_is_documented_where_its_command_is(name):
    found = main.get_command(CONTEXT, name)
    assert found is not None
    pages = [text for text in TEXT.values() if f"circuit-assert {name}" in text]
    assert pages
    for option in found.params:
        if isinstance(option, click.Option):
            for written in option.opts:
                assert any(f"`{written}" in text for text in pages), (name, written)


def test_every_command_in_the_docs_is_one():
    for page, text in TEXT.items():
        for name in re.findall(r"circuit-assert ([a-z]+)(?=[` \n])", text):
            if f"`circuit-assert {name}" in text or "circuit-assert " + name in "\n".join(LINES):
                assert name in COMMANDS, (page, name)


def test_every_option_of_the_plugin_in_the_docs_is_one():
    there = plugin_options()
    assert len(there) > 15
    if importlib.util.find_spec("circuit_assert.cli.lock") is None:
        there.add("--claims-locked")
    for page, text in TEXT.items():
        assert set(re.findall(r"--claims-[a-z-]*[a-z]", text)) <= there, page


def commands_of(line):
    """The calls of circuit-assert in a line of a shell, as lists of arguments."""
    line = re.sub(r"^(- )?run: ", "", line)
    words = [word.removeprefix(".venv/bin/") for word in shlex.split(line, comments=True)]
    calls = [[]]
    for word in words:
        if word in ("&&", "|", ">>", ">", ";"):
            calls.append([])
        else:
            calls[-1].append(word)
    return [call[1:] for call in calls if call and call[0] == "circuit-assert"]


def test_there_are_commands_in_the_docs():
    assert len(LINES) > 15
    assert sum(len(commands_of(line)) for line in LINES) >= len(LINES)


@pytest.mark.parametrize("line", LINES)
def test_every_call_in_the_docs_is_one_that_the_command_takes(line):
    for name, *arguments in commands_of(line):
        assert name in COMMANDS
        found = main.get_command(CONTEXT, name)
        if found is not None:
            context = click.Context(found, **found.context_settings)
            found.make_parser(context).parse_args(list(arguments))


def test_a_call_that_the_command_does_not_take_is_seen():
    found = main.get_command(CONTEXT, "badge")
    assert found is not None
    with pytest.raises(click.NoSuchOption):
        found.make_parser(click.Context(found)).parse_args(["--colour", "red"])


@pytest.mark.parametrize("text", WORKFLOWS, ids=lambda text: yaml.safe_load(text)["name"])
def test_a_workflow_is_one(text):
    made = yaml.safe_load(text)
    assert set(made) == {"name", True, "jobs"}  # YAML 1.1 reads "on" as true
    for job in made["jobs"].values():
        assert job["runs-on"]
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step)
            assert set(step) <= {"uses", "with", "run", "if", "env"}


def test_the_shards_of_the_matrix_are_all_merged():
    (made,) = (each for each in map(yaml.safe_load, WORKFLOWS) if "merge" in each["jobs"])
    shard, merge = made["jobs"]["shard"], made["jobs"]["merge"]
    numbers = shard["strategy"]["matrix"]["shard"]
    assert numbers == list(range(1, len(numbers) + 1))
    said = {"${{ matrix.shard }}": "{n}", "${{ strategy.job-total }}": str(len(numbers))}
    (run,) = [step["run"] for step in shard["steps"] if "--claims-shard" in step.get("run", "")]
    for expression, value in said.items():
        run = run.replace(expression, value)
    shards = re.findall(r"--claims-shard=(\S+)", run)[0]
    parsed = [Shards.parse(shards.format(n=number)) for number in numbers]
    assert frozenset().union(*(each.numbers for each in parsed)) == set(numbers)
    assert {each.of for each in parsed} == {len(numbers)}
    up, down = (
        next(step["with"] for step in job["steps"] if word in step.get("uses", ""))
        for job, word in ((shard, "upload"), (merge, "download"))
    )
    assert "matrix.shard" in up["name"]  # two artifacts of one name would be one
    assert fnmatch(up["name"].replace("${{ matrix.shard }}", "3"), down["pattern"])
    assert merge["needs"] == "shard"
    assert f"circuit-assert merge whole.jsonl {down['path']}" in [
        s.get("run") for s in merge["steps"]
    ]


def test_there_are_workflows_for_a_cpu_a_gpu_both_and_shards():
    assert len(WORKFLOWS) == 4
    runs = [line for text in WORKFLOWS for line in text.splitlines() if "circuit-assert " in line]
    for part in ("--claims-device=cuda", "circuit-assert check", "compare", "lock", "markdown"):
        assert any(part in line for line in runs), part


def test_shell_completion_is_as_the_page_says(monkeypatch):
    """Click looks for a variable made of the command's name."""
    from click.testing import CliRunner

    assert "_CIRCUIT_ASSERT_COMPLETE=bash_source circuit-assert" in TEXT["command.md"]
    done = CliRunner().invoke(
        main,
        prog_name="circuit-assert",
        env={"_CIRCUIT_ASSERT_COMPLETE": "zsh_source"},
    )
    assert "#compdef circuit-assert" in done.output
