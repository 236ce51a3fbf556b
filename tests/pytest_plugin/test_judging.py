"""Wrong use is loud: claims that are built and not judged, or compared, or not called."""

import pytest


def test_a_test_that_judges_none_of_its_claims_fails(suite):
    result = suite.run(
        """
        def test_nothing(tiny, weighs):
            weighs(tiny["L0H0"], 2)
            weighs(tiny["L0H1"], 2)
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "the test builds 2 claims and judges none, so it tests nothing: L0H0 weighs 2 in tiny; "
            "L0H1 weighs 2 in tiny. Write `assert claim` or `assert not claim`."
        ]
    )


def test_a_test_that_leaves_some_unjudged_warns(suite):
    test = """
        def test_some(tiny, weighs):
            forgotten = weighs(tiny["L0H1"], 2)
            assert weighs(tiny["L0H0"], 2)
    """
    result = suite.run(test)
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(
        [
            "*UnjudgedClaimWarning: 1 claim of test_suite.py::test_some was built and never "
            "judged: L0H1 weighs 2 in tiny. Assert it, or do not build it."
        ]
    )
    suite.run(test, "-W", "error::pytest_circuit_assert.UnjudgedClaimWarning").assert_outcomes(
        failed=1
    )


@pytest.mark.parametrize(
    "body",
    [
        'claim = weighs(tiny["L0H0"], 2)\n    assert claim',
        'assert weighs(tiny["L0H0"], 2).check().verdict == "supported"',
        'a = weighs(tiny["L0H0"], 2); b = weighs(tiny["L0H0"], 2)\n    assert b',
        'weighs(tiny["L0H0"], 2)\n    import pytest; pytest.skip("not today")',
        "assert tiny",
    ],
)
def test_what_is_judged_or_did_not_get_there_is_not_blamed(suite, body):
    result = suite.run(f"def test_it(tiny, weighs):\n    {body}\n")
    outcomes = result.parseoutcomes()
    assert "failed" not in outcomes
    assert "warnings" not in outcomes


def test_claims_that_a_fixture_builds_may_be_for_another_test(suite):
    result = suite.run(
        """
        import pytest

        @pytest.fixture(scope="module")
        def claims(tiny, weighs):
            return [weighs(tiny["L0H0"], 2), weighs(tiny["L0H1"], 0)]

        def test_one(claims):
            assert claims[0]

        def test_other(claims):
            assert not claims[1]
        """
    )
    assert result.parseoutcomes() == {"passed": 2}
    assert [claim.nodeid[-3:] for claim in suite.ledger.claims] == ["one", "her"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("assert weighs", "weighs is a kind of claim and has no truth value: call it"),
        ('assert weighs(tiny["L0H0"], 2) == True', "a claim does not compare with True"),
        ('assert weighs(tiny["L0H0"], 2) != None', "a claim does not compare with None"),
    ],
)
def test_a_claim_is_not_a_bool(suite, wrong, said):
    result = suite.run(f"def test_it(tiny, weighs):\n    {wrong}\n")
    result.assert_outcomes(failed=1)
    assert f"TypeError: {said}" in result.stdout.str()


@pytest.fixture
def own_session(monkeypatch):
    """A default session of this test's own: the run that it is part of observes the other."""
    monkeypatch.setattr("circuit_assert.session._sessions", [])


@pytest.mark.usefixtures("own_session")
def test_claims_of_the_librarys_own_session_are_seen_too(suite):
    result = suite.run(
        """
        import circuit_assert
        from conftest import TINY

        def test_it(weighs):
            assert weighs(circuit_assert.model(TINY)["L0H0"], 2)
        """,
        "--import-mode=prepend",
    )
    result.assert_outcomes(passed=1)
    assert [each.held for each in suite.ledger.assertions] == [True]


@pytest.mark.usefixtures("own_session")
def test_the_librarys_own_session_is_let_go_after_the_run(suite):
    from circuit_assert.session import default_session

    suite.run(suite.mixed)
    assert default_session().on_asked == []
