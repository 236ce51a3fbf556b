"""`@falsify` under pytest: fixtures, parameters, and what is printed."""

import inspect

import pytest

from circuit_assert import falsify
from circuit_assert.errors import ClaimError

SUITE = """
    import pytest
    from circuit_assert import falsify, on_one_prompt, prefix_matching_score, repeated_sequences
    from circuit_assert.models.planted_models import induction_model
    from circuit_assert.stats import above
    from circuit_assert.session import Session

    @pytest.fixture(scope="module")
    def tiny():
        return Session().model(induction_model())

    @pytest.fixture
    def bound():
        return 0.4

    @falsify(lambda tiny: repeated_sequences(tiny, longest=6), examples=40)
    def test_true(tiny, bound, on):
        return on_one_prompt(prefix_matching_score(tiny["L1H0"]), above(bound))(on)

    @pytest.mark.parametrize("head", ["L1H0", "L0H0"])
    @falsify(lambda tiny: repeated_sequences(tiny, longest=6), examples=40)
    def test_each(tiny, bound, head, on):
        return on_one_prompt(prefix_matching_score(tiny[head]), above(bound))(on)

    class TestMethod:
        @falsify(lambda tiny: repeated_sequences(tiny, longest=6), examples=40, seed=5)
        def test_false(self, tiny, on):
            return on_one_prompt(prefix_matching_score(tiny["L0H1"]), above(0.4))(on)
"""


@pytest.fixture
def suite(pytester, monkeypatch):
    for name in ("CI", "GITHUB_ACTIONS", "TF_BUILD"):
        monkeypatch.delenv(name, raising=False)
    pytester.makepyfile(SUITE)
    return pytester


@pytest.mark.parametrize("plugin", [(), ("-p", "no:pytest_circuit_assert")])
def test_a_suite_fails_with_the_smallest_prompts(suite, forking, plugin):
    result = forking.pytest(*plugin)

    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*test_each?L0H0?*",
            "*AssertionError: attention to the token after of L0H0 is not above +0.40 on every*",
            "*' w1 w2 w3| w1 w2 w3'*",
            "*score*claimed above +0.40*",
            "*seed*finds it again*",
        ]
    )
    result.stdout.fnmatch_lines(["*seed    5; seed=5 finds it again*"])
    result.stdout.no_fnmatch_line("*find_counterexample(*")
    result.stdout.no_fnmatch_line("*Warning*")


def test_the_next_run_tries_what_this_one_has_kept(suite, forking):
    forking.pytest("-k", "test_each")
    again = forking.pytest("-k", "test_each")

    again.assert_outcomes(passed=1, failed=1, deselected=2)
    again.stdout.fnmatch_lines(["*0 prompts in batches, 1 alone", "*kept*by an earlier search*"])


def test_the_test_takes_every_fixture_but_the_prompts():
    @falsify(lambda model: None)
    def test_it(model, head, on):
        """What is claimed."""

    assert list(inspect.signature(test_it).parameters) == ["model", "head"]
    assert test_it.__doc__ == "What is claimed."


def test_a_claim_that_takes_no_prompts_is_refused():
    with pytest.raises(ClaimError, match="has to take on"):

        @falsify(None)
        def test_it(model):
            """No prompts."""


def test_a_fixture_of_the_strategy_has_to_be_one_of_the_test():
    with pytest.raises(ClaimError, match="has to take gemma"):

        @falsify(lambda gemma: None)
        def test_it(model, on):
            """Another model."""
