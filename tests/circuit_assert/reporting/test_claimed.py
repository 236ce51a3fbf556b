"""What came of a run, and of several together."""

from circuit_assert.reporting.claimed import Results
from tests.circuit_assert.reporting.made import absent, assertion, claim, ledger

MIXED = (
    *(claim("a"), assertion("a")),
    *(claim("b", "refuted"), assertion("b", False)),
    *(claim("c", "inconclusive"), assertion("c", False)),
    *(claim("d", "inconclusive", open="few"), assertion("d", False)),
    *(claim("e"), assertion("e", None)),
    *(claim("f", "refuted"), assertion("f", True, "denied")),
    absent(),
)


def ids(claims):
    return "".join(each.record.claim_id for each in claims)


def test_each_claim_is_of_one_kind():
    results = Results.of(MIXED)
    assert ids(results.refuted) == "b"
    assert ids(results.undecided) == "c"
    assert ids(results.open) == "d"
    assert ids(results.others) == "aef"
    assert results.rate == 2 / 5
    assert results.said == ("2 of 5 assertions hold, 2 inconclusive (1 open), 1 test not run")


def test_of_an_open_claim_that_settles_against_its_test_the_assertion_fails():
    results = Results.of((claim("a", "refuted", open="few"), assertion("a", False)))
    assert ids(results.refuted) == "a"


def test_what_is_open_does_not_fail_and_what_is_inconclusive_does():
    fails = {each.record.claim_id: each.fails for each in Results.of(MIXED).claims}
    assert fails == {"a": False, "b": True, "c": True, "d": False, "e": False, "f": False}


def test_nothing_judged_has_no_rate():
    assert Results.of(()).rate is None
    assert Results.of((claim("e"), assertion("e", None))).rate is None


def test_of_several_runs_the_last_judgement_counts_and_a_test_that_ran_has_run():
    first = ledger(claim("a"), assertion("a"), absent("t.py::test_b"), absent("t.py::test_z"))
    second = ledger(claim("b"), assertion("b"), claim("a", "refuted"), assertion("a", False))
    results = Results.of_ledgers([first, second])
    assert ids(results.refuted) == "a"
    assert ids(results.others) == "b"
    assert [each.nodeid for each in results.not_run] == ["t.py::test_z"]
