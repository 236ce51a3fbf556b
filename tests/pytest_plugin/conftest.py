"""A suite in a folder of its own, whose claims are judged by a script: no model, no torch."""

# Runs inside this process must not import these anew.
import pandas.core.arrays.arrow.extension_types  # noqa: F401
import pytest

import circuit_assert.judging
import circuit_assert.ledger
import circuit_assert.prompts.repeated
import circuit_assert.reporting.html
import circuit_assert.session

SCRIPT = '''
"""Claims whose verdict is the number they are given: 2 supported, 0 refuted, 1 inconclusive."""

import pytest

from circuit_assert import claim, contrast, prefix_matching_score, repeated_tokens
from circuit_assert.evidence import Evidence, Finding
from circuit_assert.models.card import Card
from circuit_assert.models.planted import PlantedModel
from circuit_assert.session import Session
from circuit_assert.stats import Verdict
from circuit_assert.unit_scores import UnitScores
from pytest_circuit_assert import model_fixture

SIZES = Card(2, 4, 4, 32, 8, 64, 80, 64)
TINY = PlantedModel("tiny", SIZES, {}, dict, tuple(f" w{i}" for i in range(80)))
SCORES = UnitScores((0.7, 0.8, None), (0, 1, 2), {"seed": ("a", "a", "b")}, "some", {0: "x"})
VERDICTS = [Verdict.REFUTED, Verdict.INCONCLUSIVE, Verdict.SUPPORTED]
measure = Session._evaluate_one_model


@claim("{head} weighs {weight}")
def weighs(head, weight):
    return contrast(prefix_matching_score(head), versus=0.0, on=repeated_tokens(), by=0.1)


def read_out(session, spec, claims):
    for claim in claims:
        session.judged = getattr(session, "judged", 0) + 1
        if session._progress and session.judged == 1:
            session._progress(f"loading {spec.name}", 0, 0)
            session._progress(f"measuring {spec.name}", 0, 24)
            session._progress(f"measuring {spec.name}", 24, 24)
        verdict = VERDICTS[int(claim.arguments["weight"])]
        finding = Finding(
            "weight", "primary", "its weight above +0.10", verdict, effect=0.79, low=0.76,
            high=0.82, unit="attention", region="above +0.10",
            scores=SCORES,
        )
        session._evidence[spec, claim.key] = Evidence(
            claim.id, claim.kind, claim.sentence, claim.model.name, verdict, "the scales say so",
            (finding,), claim.arguments, session.false_pass_rate, p_value=0.001,
            fingerprint="f" * 16, dtype=spec.dtype, device=spec.device, runs=1,
        )


def pytest_configure():
    Session._evaluate_one_model = read_out


def pytest_unconfigure():
    Session._evaluate_one_model = measure


@pytest.fixture(scope="session", name="weighs")
def _weighs():
    return weighs


tiny = model_fixture(TINY)
'''

MIXED = """
    import pytest

    def test_supported(tiny, weighs):
        assert weighs(tiny["L0H0"], 2)

    def test_denied(tiny, weighs):
        assert not weighs(tiny["L0H1"], 0)

    def test_refuted(tiny, weighs):
        print("this was printed")
        assert weighs(tiny["L0H2"], 0)

    def test_inconclusive(tiny, weighs):
        assert weighs(tiny["L0H3"], 1)

    @pytest.mark.open_claim("the scales are coarse")
    def test_open(tiny, weighs):
        assert weighs(tiny["L1H0"], 1)
"""
RUNS = ".claims/runs"
OPTIONS = "--import-mode=importlib -p pytest_circuit_assert -p xdist -p rerunfailures"


@pytest.fixture
def suite(pytester, monkeypatch):
    """A folder with the scripted claims; `suite.run(test_file, *options)` runs a test file."""
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)  # of the machine that runs these tests
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # others take a second each run
    pytester.makeini(f"[pytest]\naddopts = {OPTIONS}\n")
    pytester.makeconftest(SCRIPT)
    return Suite(pytester)


class Suite:
    mixed = MIXED

    def __init__(self, pytester):
        self.pytester = pytester
        self.path = pytester.path

    def configure(self, **settings):
        lines = [f"{name} = {value}" for name, value in settings.items()]
        self.pytester.makeini("\n".join(["[pytest]", f"addopts = {OPTIONS}", *lines]))

    def write(self, text):
        self.pytester.makepyfile(test_suite=text)

    def run(self, text, *options):
        """Run in this process."""
        self.write(text)
        return self.pytester.runpytest_inprocess(*options)

    def run_apart(self, text, *options):
        """Run in a process of its own."""
        self.write(text)
        return self.pytester.runpytest_subprocess(*options, timeout=60)

    @staticmethod
    def between(result, first, last):
        """Lines of the output from one that has `first` until one that has `last`."""
        lines = result.outlines
        start = next(i for i, line in enumerate(lines) if first in line)
        end = next(i for i, line in enumerate(lines) if i > start and last in line)
        return lines[start:end]

    @property
    def files(self):
        return sorted((self.path / RUNS).glob("*.jsonl"))

    @property
    def ledger(self):
        """What the only run so far wrote."""
        (path,) = self.files
        return circuit_assert.ledger.read(path)


@pytest.fixture
def assertions(suite):
    """Run one test; give (verdict, held, polarity, outcome) for each claim's head."""

    def run(text, *options):
        suite.run(text, *options)
        found = suite.ledger
        words = {claim.claim_id: claim for claim in found.claims}
        return {
            words[each.claim_id].words.split()[0]: (
                words[each.claim_id].verdict,
                each.held,
                each.polarity,
                each.outcome,
            )
            for each in found.assertions
        }

    return run
