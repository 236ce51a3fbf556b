"""The plugin loads by every name there is for it, and brings nothing heavy along."""

import subprocess
import sys

import pytest

HEAVY = {"torch", "scipy", "statsmodels", "transformer_lens", "transformers", "pandas"}
ONE = """
    def test_one(tiny, weighs):
        assert weighs(tiny["L0H0"], 2)
"""
TELL = """
import sys

def pytest_unconfigure():
    print("loaded:", *sorted({name.split(".")[0] for name in sys.modules}))
"""


def loaded(result):
    (line,) = [line for line in result.outlines if line.startswith("loaded:")]
    return set(line.split()[1:])


def test_the_entry_point_has_the_modules_name():
    from importlib.metadata import entry_points

    (point,) = entry_points(group="pytest11", name="pytest_circuit_assert")
    assert point.value == "pytest_circuit_assert"


@pytest.mark.parametrize("how", ["entry point", "-p", "pytest_plugins", "PYTEST_PLUGINS", "twice"])
def test_it_loads_by_name(suite, monkeypatch, how):
    suite.pytester.makeini("[pytest]\naddopts = --import-mode=importlib\n")
    options = []
    if how in {"entry point", "twice"}:
        monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    if how in {"-p", "twice"}:
        options = ["-p", "pytest_circuit_assert"]
    if how == "pytest_plugins":
        conftest = suite.path / "conftest.py"
        conftest.write_text(conftest.read_text() + '\npytest_plugins = ["pytest_circuit_assert"]\n')
    if how == "PYTEST_PLUGINS":
        monkeypatch.setenv("PYTEST_PLUGINS", "pytest_circuit_assert")
    suite.run(ONE, *options).assert_outcomes(passed=1)
    assert len(suite.ledger.claims) == 1


def test_it_can_be_kept_out(suite):
    result = suite.run("def test_one(claims_session): pass", "-p", "no:pytest_circuit_assert")
    result.stdout.fnmatch_lines(["*fixture 'claims_session' not found*"])
    assert not result.stdout.str().count("claims: cpu")


def test_importing_it_loads_nothing_heavy():
    program = "import sys, pytest_circuit_assert; print('loaded:', *sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    modules = {name.split(".")[0] for name in done.stdout.split()}
    assert "pytest_circuit_assert" in modules
    assert not modules & HEAVY


def test_a_run_without_claims_loads_nothing_heavy_and_says_nothing(pytester, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "pytest_circuit_assert")
    pytester.makeconftest(TELL)
    pytester.makepyfile("def test_nothing(): pass")
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1)
    assert not loaded(result) & (HEAVY | {"numpy"})
    assert "pytest_circuit_assert" in loaded(result)
    assert "claims: " not in result.stdout.str()
    assert not (pytester.path / ".claims").exists()


@pytest.mark.parametrize("options", [[], ["-n", "2"]], ids=["plain", "xdist"])
def test_collecting_loads_no_model(suite, options):
    conftest = suite.path / "conftest.py"
    conftest.write_text(
        conftest.read_text() + "\n" + TELL.replace("pytest_unconfigure", "pytest_sessionfinish")
    )
    result = suite.run_apart(ONE, "--collect-only", *options)
    assert result.ret == 0
    assert "test_one" in result.stdout.str()
    assert not loaded(result) & HEAVY
    assert not suite.files


def test_the_test_of_heavy_modules_can_fail(pytester):
    pytester.makeconftest(TELL + "import scipy\n")
    pytester.makepyfile("def test_nothing(): pass")
    assert "scipy" in loaded(pytester.runpytest_subprocess())
