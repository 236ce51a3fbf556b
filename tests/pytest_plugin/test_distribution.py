"""Workers get parcels: each model with few, each test once, and a death costs one test."""

import re
from collections import Counter, defaultdict

TWO_MODELS = """
    import pytest
    from pytest_circuit_assert import model_fixture
    from conftest import TINY
    from dataclasses import replace

    other = model_fixture(replace(TINY, name="other"))

    @pytest.mark.parametrize("n", range(8))
    def test_tiny(tiny, weighs, n):
        assert weighs(tiny[f"L{n // 4}H{n % 4}"], 2)

    @pytest.mark.parametrize("n", range(8))
    def test_other(other, weighs, n):
        assert weighs(other[f"L{n // 4}H{n % 4}"], 2)
"""


def workers_of(found):
    """Model → the workers that judged claims about it."""
    by_model = defaultdict(set)
    for claim in found.claims:
        by_model[claim.model].add(claim.worker)
    return dict(by_model)


def test_each_model_goes_to_one_worker(suite):
    result = suite.run(TWO_MODELS, "-n", "2")
    result.assert_outcomes(passed=16)
    workers = workers_of(suite.ledger)
    assert {model: len(each) for model, each in workers.items()} == {"tiny": 1, "other": 1}
    assert workers["tiny"] != workers["other"]


def test_another_way_to_share_out_is_left_alone(suite):
    result = suite.run(TWO_MODELS, "-n", "2", "--dist", "worksteal")
    result.assert_outcomes(passed=16)
    assert "ModelAffinity" not in " ".join(result.outlines)


MEASURED = """

def note_what_is_measured():
    import os, pathlib, signal
    from circuit_assert.session import Session

    def wrap(measure):
        def noted(session, spec, claims):
            here = pathlib.Path(__file__).parent
            words = [claim.words.split()[0] for claim in claims]
            with open(here / "measured.txt", "a") as file:
                file.write(f"{spec.name} {' '.join(words)}\\n")
            if "L1H2" in words and (here / "deadly").exists():
                os.kill(os.getpid(), signal.SIGKILL)
            measure(session, spec, claims)
        return noted

    Session._evaluate_one_model = wrap(Session._evaluate_one_model)


before = pytest_configure


def pytest_configure():
    before()
    note_what_is_measured()
"""


def measured(suite):
    """The batches that were measured together: model, then heads."""
    return [line.split() for line in (suite.path / "measured.txt").read_text().splitlines()]


def note_measuring(suite):
    conftest = suite.path / "conftest.py"
    conftest.write_text(conftest.read_text() + MEASURED)


def test_a_worker_measures_for_its_parcel_at_once(suite):
    note_measuring(suite)
    suite.run_apart(TWO_MODELS, "-n", "2").assert_outcomes(passed=16)
    heads = [f"L{n // 4}H{n % 4}" for n in range(8)]
    assert sorted(measured(suite)) == [["other", *heads], ["tiny", *heads]]


def test_without_rehearsal_each_model_still_has_one_worker(suite):
    suite.run(TWO_MODELS, "-n", "2", "--claims-no-rehearsal").assert_outcomes(passed=16)
    assert [len(each) for each in workers_of(suite.ledger).values()] == [1, 1]


KILLED = (
    TWO_MODELS
    + """
    def test_killed(tiny, weighs):
        import os, signal
        os.kill(os.getpid(), signal.SIGKILL)
        assert weighs(tiny["L0H0"], 2)
"""
)


def once(found, count):
    """Each claim was judged in one worker, once for each test."""
    counts = Counter((claim.claim_id, claim.nodeid) for claim in found.claims)
    assert set(counts.values()) == {1}
    assert len(counts) == count


def test_a_death_costs_the_test_that_was_running_and_says_why(suite):
    result = suite.run_apart(KILLED, "-n", "2")
    assert result.ret == 1
    result.assert_outcomes(passed=16, failed=1)
    once(suite.ledger, 16)
    said = " ".join(result.outlines)
    assert re.search(r"The worker gw\d was killed by SIGKILL .* while it ran test_suite", said)
    (not_run,) = suite.ledger.not_run
    assert not_run.nodeid.endswith("test_killed")
    assert "SIGKILL" in not_run.reason


def test_a_death_while_measuring_ahead_costs_the_claim_that_killed(suite):
    note_measuring(suite)
    (suite.path / "deadly").touch()
    result = suite.run_apart(TWO_MODELS, "-n", "2")
    assert result.ret == 1
    result.assert_outcomes(passed=14, failed=2)  # L1H2 of each model
    once(suite.ledger, 14)
    failed = {each.nodeid.split("::")[1] for each in suite.ledger.not_run}
    assert failed == {"test_tiny[6]", "test_other[6]"}


def test_when_no_worker_is_left_what_did_not_run_is_told(suite):
    note_measuring(suite)
    (suite.path / "deadly").touch()
    result = suite.run_apart(TWO_MODELS, "-n", "1", "--max-worker-restart=0")
    assert result.ret != 0
    found = suite.ledger
    ran = {claim.nodeid for claim in found.claims}
    lost = {each.nodeid for each in found.not_run}
    assert len(ran) + len(lost) == 16
    assert not ran & lost
    assert f"{len(lost)} tests did not run: too many workers died" in " ".join(result.outlines)


STOPPED = """
    import os, pytest, signal

    @pytest.mark.parametrize("n", range(60))
    def test_many(tiny, weighs, n):
        if n == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        assert weighs(tiny["L0H0"], 2 if n not in (5, 6) else 0)
"""


def test_a_run_that_is_stopped_ends_soon_and_blames_no_dead_worker(suite):
    result = suite.run_apart(STOPPED, "-n", "1", "--maxfail=2")  # xdist counts no crash
    outcomes = result.parseoutcomes()
    assert outcomes["failed"] == 3
    assert outcomes["passed"] < 20
    assert suite.ledger.end is not None
    said = " ".join(result.outlines)
    assert "stopping after 2 failures" in said
    assert "too many workers died" not in said


def test_a_death_after_a_test_has_passed_is_an_error_beside_it(suite):
    result = suite.run_apart(
        """
        import os, signal, pytest

        @pytest.fixture
        def deadly():
            yield
            os.kill(os.getpid(), signal.SIGKILL)

        def test_passes(tiny, weighs, deadly):
            assert weighs(tiny["L0H0"], 2)

        def test_other(tiny, weighs):
            assert weighs(tiny["L0H1"], 2)
        """,
        "-n",
        "1",
    )
    assert result.parseoutcomes() == {"passed": 2, "errors": 1}
    assert result.ret == 1
    once(suite.ledger, 2)
    assert not suite.ledger.not_run
