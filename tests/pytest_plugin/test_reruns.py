"""No reruns: the first verdict on a claim stands."""

import pytest


def test_a_rerun_keeps_the_first_verdict(suite):
    result = suite.run(
        """
        def test_refuted(tiny, weighs):
            assert weighs(tiny["L0H0"], 0)

        def test_inconclusive(tiny, weighs):
            assert weighs(tiny["L0H1"], 1)

        def test_judged_once_each(claims_session):
            assert claims_session.judged == 2
        """,
        "--reruns=2",
    )
    assert result.parseoutcomes() == {"rerun": 4, "failed": 1, "inconclusive": 1, "passed": 1}
    found = suite.ledger
    assert [claim.verdict for claim in found.claims] == ["refuted", "inconclusive"]
    assert [each.held for each in found.assertions] == [False, False]


def test_what_a_flaky_test_asserts_first_stands(suite):
    result = suite.run(
        """
        tries = []

        def test_flaky(tiny, weighs):
            tries.append(1)
            assert not weighs(tiny["L0H0"], 2) or len(tries) > 1
        """,
        "--reruns=1",
    )
    assert result.parseoutcomes() == {"rerun": 1, "passed": 1}
    assert len(suite.ledger.claims) == len(suite.ledger.assertions) == 1


HOLDS_NOTHING = """
import gc
import weakref

import pytest

from circuit_assert.backends.transformer_lens import TransformerLensBackend
from circuit_assert.models.planted_models import induction_model
from pytest_circuit_assert import model_fixture

planted = model_fixture(induction_model())
alive = weakref.WeakSet()
made, run = TransformerLensBackend.__init__, TransformerLensBackend.run


def noted(self, *args, **options):
    made(self, *args, **options)
    alive.add(self)


def fails_where_it_is_edited(self, tokens, *, edits, **options):
    if edits and options["reads"]:
        raise RuntimeError("on purpose")
    return run(self, tokens, edits=edits, **options)


def pytest_configure():
    TransformerLensBackend.__init__ = noted


def pytest_unconfigure():
    TransformerLensBackend.__init__ = made
    TransformerLensBackend.run = run


@pytest.fixture
def failing(claims_session, planted):
    claims_session.measure(planted, [])
    TransformerLensBackend.run = fails_where_it_is_edited
    yield
    TransformerLensBackend.run = run


def pytest_terminal_summary(terminalreporter, config):
    gc.collect()
    terminalreporter.write_line(f"models alive: {len(alive)}")
"""


def test_a_test_that_fails_and_is_run_again_holds_no_model(pytester, forking):
    pytester.makeconftest(HOLDS_NOTHING)
    pytester.makepyfile(
        """
        import pytest
        from circuit_assert import Prompt, head_is_induction, repeated_tokens
        from circuit_assert.interventions import Ablation
        from circuit_assert.measurements import AttentionOverPairs, Request
        from circuit_assert.components import Head

        ON = repeated_tokens(lengths=(4, 5, 6), sequences=6)
        UNDER = Ablation((Head(0, 0),), "zero")

        def test_a_run_that_fails(planted, claims_session, failing):
            asked = Request(AttentionOverPairs("induction"), ON, under=UNDER)
            claims_session.measure(planted, [asked])

        def test_a_claim_that_does_not_hold(planted):
            assert head_is_induction(planted["L0H0"], on=ON)

        def test_the_model_was_there(claims_session, planted):
            claims_session.close()
        """
    )
    result = forking.pytest("--reruns=1", "-p", "no:cacheprovider")
    outcomes = {"failed": 1, "inconclusive": 1, "passed": 1, "rerun": 2}
    assert result.parseoutcomes() == outcomes
    result.stdout.fnmatch_lines(["*on purpose*", "models alive: 0"])


DIES_ONCE = """
    import os, pathlib, signal, pytest

    MARK = pathlib.Path(__file__).parent / "has_died"

    def die_once():
        if not MARK.exists():
            MARK.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    @pytest.mark.parametrize("n", range(4))
    def test_many(tiny, weighs, n):
        if n == 2 and WHEN == "before":
            die_once()
        assert weighs(tiny[f"L0H{n}"], 2)
        if n == 2 and WHEN == "after":
            die_once()
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_test_that_is_run_again_as_its_worker_died_is_in_the_ledger_once(suite, when):
    result = suite.run_apart(DIES_ONCE.replace("WHEN", repr(when)), "-n", "1", "--reruns=1")
    assert result.parseoutcomes() == {"passed": 4, "rerun": 1}
    found = suite.ledger
    assert sorted(claim.nodeid[-2] for claim in found.claims) == ["0", "1", "2", "3"]
    assert len(found.assertions) == 4
    assert not found.not_run
