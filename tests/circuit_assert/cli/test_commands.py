"""run, list, badge, markdown and models."""

import json
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from circuit_assert.models.zoo import ZOO
from tests.circuit_assert.reporting.made import assertion, claim

SUITE = """
from circuit_assert import head_is_induction
from pytest_circuit_assert import model_fixture

gemma = model_fixture("gemma-3-270m")


def test_it(gemma):
    assert head_is_induction(gemma["L5H1"])


def test_not(gemma):
    assert not head_is_induction(gemma["L2H3"])


def test_hidden(gemma):
    import os
    assert head_is_induction(gemma["L2H3"]) or os.sep
"""


def apart(folder, *arguments):
    """In a process of its own: pytest does not like to run inside pytest."""
    return subprocess.run(
        [sys.executable, "-m", "circuit_assert", *arguments],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_run_is_pytest_with_its_arguments_and_its_exit_status(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    (tmp_path / "test_a.py").write_text(
        "def test_a(claims_seed): assert claims_seed == 4\ndef test_b(): assert 0\n"
    )
    done = apart(tmp_path, "run", "-q", "--claims-seed=4", "-k", "test_a or test_b", "test_a.py")
    assert "1 failed, 1 passed" in done.stdout
    assert done.returncode == 1
    assert apart(tmp_path, "run", "--", "--help").stdout.count("--claims-seed") >= 1


def test_list_as_json(tmp_path):
    (tmp_path / "test_a.py").write_text(SUITE)
    done = apart(tmp_path, "list", "--json", "test_a.py")
    listed = json.loads(done.stdout)
    first, second = listed["claims"]
    assert first["polarity"] == "asserted"
    assert first["sentence"] == "L5H1 is an induction head in gemma-3-270m"
    assert (second["polarity"], second["words"]) == ("denied", "L2H3 is an induction head")
    assert (second["nodeid"], second["claim_type"]) == ("test_a.py::test_not", "head_is_induction")
    assert len({first["claim_id"], second["claim_id"]}) == 2
    (hidden,) = listed["not_rehearsed"]
    assert hidden["nodeid"] == "test_a.py::test_hidden"
    assert hidden["reason"]


def test_list_for_people_is_pytests_own_option(command, monkeypatch):
    seen = []
    monkeypatch.setattr(pytest, "main", lambda arguments: seen.append(arguments) or 5)
    assert command("list", "tests", "hypotheses").exit_code == 5
    assert seen == [["-p", "pytest_circuit_assert", "--claims-list", "-q", "tests", "hypotheses"]]


def test_what_cannot_be_listed_is_said_and_is_no_json(tmp_path):
    (tmp_path / "test_a.py").write_text("import nosuchmodule\n")
    done = apart(tmp_path, "list", "--json")
    assert done.stdout == ""
    assert "test_a.py" in done.stderr
    assert "nosuchmodule" in done.stderr
    assert done.returncode == 2


def test_badge_and_markdown_are_of_the_latest_run_or_of_those_named(command, keep, tmp_path):
    first = keep("1", claim("a", "refuted"), assertion("a", False))
    second = keep("2", claim("b"), assertion("b"))
    assert command("badge", "-o", "out.svg").exit_code == 0
    root = ElementTree.parse(tmp_path / "out.svg").getroot()  # noqa: S314 - our own
    assert root.attrib["aria-label"] == "claims: 1 of 1 assertion holds, 0 inconclusive"
    both = command("badge", str(first), str(second), "--label", "ours").output
    assert "ours: 1 of 2 assertions holds" in both
    assert "### ✗ Does not hold (1)" in command("markdown", str(first), str(second)).output
    command("markdown", "-o", "out.md")
    assert (tmp_path / "out.md").read_text() == command("markdown", ".claims").output
    assert "1 of 1 assertion holds" in (tmp_path / "out.md").read_text()


def test_markdown_can_be_cut(command, keep):
    keep("1", *(claim(f"a{index}") for index in range(99)))
    assert len(command("markdown", "--limit", "2000").output.encode()) <= 2000
    assert command("markdown", "--limit", "10").exit_code == 2


def test_models_says_what_is_missing(command, tmp_path, monkeypatch):
    monkeypatch.setenv("CIRCUIT_ASSERT_CACHE", str(tmp_path / "elsewhere"))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 10**9}))
    from circuit_assert.cli.models import state

    lines = state(ZOO["gemma-3-270m"])
    assert lines[0].startswith("not converted; it will be kept in")
    assert "pip install 'circuit-assert[gguf]'" in lines[1]
    assert "2.2 GB of disk, and 1.0 GB are free" in lines[2]


def test_models_lists_the_zoo(command, tmp_path, monkeypatch):
    monkeypatch.setenv("CIRCUIT_ASSERT_CACHE", str(tmp_path))
    output = command("models").output
    assert "gemma-3-270m: 268 M parameters, 18 layers × 4 heads, width 640" in output
    assert "smollm2-135m-instruct: 134 M parameters, 30 layers × 9 heads" in output
    assert "gpt2: 124 M parameters" in output
    assert output.count("not converted") == 2


def test_a_damaged_model_is_said(tmp_path, monkeypatch):
    from circuit_assert.cli.models import state

    monkeypatch.setenv("CIRCUIT_ASSERT_CACHE", str(tmp_path))
    model = ZOO["gemma-3-270m"]
    model.folder.mkdir(parents=True)
    assert state(model)[0].startswith("damaged, will be converted anew: it has no readable")


@pytest.mark.parametrize(("size", "said"), [(1_500_000_000, "1.5 GB"), (1_500_000, "1.5 MB")])
def test_sizes_are_said_as_people_do(size, said):
    from circuit_assert.cli.disk import gigabytes

    assert gigabytes(size) == said
