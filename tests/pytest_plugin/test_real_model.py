"""The whole way with a model that runs: verdicts from numbers, and nothing kept in memory."""

import pytest

MODEL = """
from circuit_assert import claim, contrast, prefix_matching_score, repeated_tokens
from circuit_assert.models.card import Card
from circuit_assert.models.planted import PlantedModel
from pytest_circuit_assert import model_fixture
import pytest

SETTINGS = dict(
    n_layers=2, d_model=32, d_head=8, n_heads=4, d_mlp=64, n_ctx=64, d_vocab=80, act_fn="relu",
    normalization_type=None, gated_mlp=False, attn_only=False,
)


def weights():
    import torch
    from transformer_lens.config import TransformerBridgeConfig
    from transformer_lens.model_bridge.sources.native.model import NativeModel

    with torch.random.fork_rng():
        torch.manual_seed(0)
        return NativeModel(TransformerBridgeConfig.from_dict(SETTINGS)).state_dict()


SIZES = Card(2, 4, 4, 32, 8, 64, 80, 64)
TINY = PlantedModel("tiny", SIZES, SETTINGS, weights, tuple(f" w{i}" for i in range(80)))


@claim("{head} attends more than {by} above minus one")
def attends(head, *, on=repeated_tokens(), by):
    return contrast(prefix_matching_score(head), versus=-1.0, on=on, by=by)


tiny = model_fixture(TINY)


@pytest.fixture(name="attends")
def _attends():
    return attends
"""
TESTS = """
    import warnings
    import pytest
    from circuit_assert import head_attends_inductively, some_head_is

    def test_supported(tiny, attends):
        assert attends(tiny["L0H0"], by=0.2)

    def test_some(tiny, attends):
        assert some_head_is(attends, tiny.heads(layers=[0]), by=0.2)

    def test_denied(tiny, attends):
        assert not attends(tiny["L0H0"], by=2.0)

    def test_refuted(tiny):
        assert head_attends_inductively(tiny["L1H0"])

    def test_inconclusive(tiny, attends):
        mean = attends(tiny["L0H1"], by=0.2).check().headline.effect
        assert attends(tiny["L0H1"], by=mean)

    @pytest.mark.open_claim("the bound is the mean")
    def test_open(tiny, attends):
        mean = attends(tiny["L0H2"], by=0.2).check().headline.effect
        assert attends(tiny["L0H2"], by=mean)

    def test_nothing_holds_the_model(claims_session):
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # closing warns when something still holds it
            claims_session.close()
"""


@pytest.fixture
def ran(pytester, forking):
    pytester.makeconftest(MODEL)
    pytester.makepyfile(test_suite=TESTS)
    return forking.pytest("--reruns=1")


def test_a_model_is_measured_and_let_go_after_failures_and_reruns(ran, pytester):
    from circuit_assert.ledger import read

    assert ran.parseoutcomes() == {
        "passed": 4,
        "failed": 1,
        "inconclusive": 1,
        "open": 1,
        "rerun": 2,
    }
    (path,) = (pytester.path / ".claims" / "runs").glob("*.jsonl")
    claims = {claim.nodeid.split("test_")[-1]: claim for claim in read(path).claims}
    assert claims["supported"].verdict == "supported"
    assert claims["denied"].verdict == "refuted"
    assert claims["refuted"].verdict == "refuted"
    assert claims["some"].words == "some head of L0 attends more than 0.2 above minus one"
    assert "found on repeated random tokens[discovery]" in claims["some"].notes[0]
    assert claims["inconclusive"].verdict == "inconclusive"
    assert claims["refuted"].findings[0].clusters == {"sequence": 24}
    ran.stdout.fnmatch_lines(
        [
            "circuit-assert: loading tiny …",
            "E       assert <L1H0 attends inductively in tiny: *>",
            "*- claim evidence -*",
            "*because    no part of the interval *",
            "tiny (weights *, float32, cpu)",
            "3 of 6 assertions hold, 2 inconclusive (1 open). *",
        ]
    )


ONE = """
    from circuit_assert import head_attends_inductively

    def test_it(tiny):
        assert not head_attends_inductively(tiny["L1H0"])
"""


def runs_and_reused(pytester, forking):
    """Forward passes and reused scores of one more run of the suite."""
    from circuit_assert.ledger import read

    result = forking.pytest("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)
    newest = max((pytester.path / ".claims" / "runs").glob("*.jsonl"))
    (claim,) = read(newest).claims
    return claim.runs, claim.reused, result


def test_an_unchanged_suite_runs_no_model_the_second_time(pytester, forking):
    pytester.makeconftest(MODEL)
    pytester.makepyfile(test_suite=ONE)
    runs, reused, _ = runs_and_reused(pytester, forking)
    assert runs > 0
    assert reused == 0

    again, reused, result = runs_and_reused(pytester, forking)
    assert again == 0
    assert reused > 0
    assert f" 0 runs, {reused} scores from the cache." in " ".join(result.outlines)
