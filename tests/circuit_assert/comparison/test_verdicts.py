"""Which claim is which, and what its new verdict means for the tests."""

import pytest

from circuit_assert.comparison import compare


@pytest.mark.parametrize(
    ("polarity", "before", "after", "worse"),
    [
        ("asserted", "+", "-", True),
        ("asserted", "+", "?", True),
        ("asserted", "?", "-", True),
        ("asserted", "-", "+", False),
        ("asserted", "?", "+", False),
        ("asserted", "-", "?", False),
        ("asserted", "+", "+", False),
        ("asserted", "-", "-", False),
        ("denied", "-", "+", True),
        ("denied", "-", "?", True),
        ("denied", "?", "+", True),
        ("denied", "+", "-", False),
        ("denied", "-", "-", False),
        ("unknown", "+", "-", False),
        ("unknown", "-", "+", False),
    ],
)
def test_worse_is_what_speaks_against_the_tests(ledgers, polarity, before, after, worse):
    found = compare(
        ledgers.run(ledgers.claim(verdict=before), polarity=polarity),
        ledgers.run(ledgers.claim(verdict=after), polarity=polarity),
    )
    assert bool(found.worse) == worse
    assert found.exit_status() == int(worse)


def test_an_inconclusive_claim_is_asserted_as_it_was_before(ledgers):
    found = compare(
        ledgers.run(ledgers.claim(verdict="+")),
        ledgers.run(ledgers.claim(verdict="?"), polarity="unknown"),
    )
    assert [each.after.claim_id for each in found.worse] == ["tiny-L0H0"]


def test_a_test_that_denies_now_what_it_asserted_does_not_make_it_better(ledgers):
    found = compare(
        ledgers.run(ledgers.claim(verdict="+"), polarity="asserted"),
        ledgers.run(ledgers.claim(verdict="-"), polarity="denied"),
    )
    assert found.exit_status() == 1


def test_each_new_verdict_has_its_list(ledgers):
    before = [ledgers.claim(f"L0H{n}", verdict) for n, verdict in enumerate("+-?+")]
    after = [ledgers.claim(f"L0H{n}", verdict) for n, verdict in enumerate("-?++")]
    found = compare(ledgers.run(*before), ledgers.run(*after))
    new = {name: [c.after.claim_id[-4:] for c in found.newly(name)] for name in
           ("supported", "refuted", "inconclusive")}  # fmt: skip
    assert new == {"supported": ["L0H2"], "refuted": ["L0H0"], "inconclusive": ["L0H1"]}
    assert found.unchanged == 1


def test_a_claim_is_the_same_in_another_test(ledgers):
    moved = ledgers.claim(nodeid="test_y.py::test_z")
    found = compare(ledgers.run(ledgers.claim()), ledgers.run(moved))
    assert len(found.changes) == 1
    assert not found.appeared
    assert not found.not_run


def test_a_test_that_did_not_run_leaves_the_age_of_its_last_verdict(ledgers):
    claims = [ledgers.claim(f"L0H{n}") for n in range(3)]
    later = ledgers.claim("L0H1", "-", at="2026-03-05T00:00:00.000+00:00")
    after_that = ledgers.claim("L0H1", "?", at="2026-03-09T00:00:00.000+00:00")
    found = compare(
        ledgers.run(*claims),
        ledgers.run(
            claims[0],
            not_run=[("test_x.py::test_L0H2", "needs a GPU")],
            started="2026-03-06T00:00:00.000+00:00",
        ),
        history=[ledgers.run(later), ledgers.run(after_that)],
    )
    said = [(each.last.claim_id, each.last.verdict, each.reason) for each in found.not_run]
    assert said == [
        ("tiny-L0H1", "refuted", ""),  # from the run between the two, not from the one after
        ("tiny-L0H2", "supported", "needs a GPU"),
    ]
    assert found.exit_status() == 0


def test_history_is_not_read_when_everything_ran(ledgers):
    def never():
        raise AssertionError
        yield

    run = ledgers.run(ledgers.claim())
    assert compare(run, run, history=never()).unchanged == 1


def test_a_claim_with_another_threshold_is_another_claim(ledgers):
    old = ledgers.claim()
    new = ledgers.claim(claim_id="other", arguments={"head": "L0H0", "by": "0.1"})
    found = compare(ledgers.run(old), ledgers.run(new))
    assert not found.changes
    (gone,) = found.disappeared
    assert gone.instead == new
    assert gone.differs == {"by": ("0.4", "0.1")}
    assert found.appeared == (new,)


def test_a_claim_that_its_test_no_longer_makes_disappears(ledgers):
    there = ledgers.claim("L0H0")
    gone = ledgers.claim("L0H1", nodeid=there.nodeid)
    found = compare(ledgers.run(there, gone), ledgers.run(there))
    assert [each.last for each in found.disappeared] == [gone]
    assert not found.not_run


def test_another_rate_makes_another_id_and_is_the_same_claim(ledgers):
    old, new = ledgers.claim(claim_id="a"), ledgers.claim(claim_id="b")
    found = compare(ledgers.run(old, false_pass_rate=0.01), ledgers.run(new, false_pass_rate=0.05))
    assert len(found.changes) == 1
    assert found.alpha == 0.01
    assert ("α", "0.01", "0.05") in found.settings


def test_an_argument_that_an_older_version_did_not_know_makes_no_other_claim(ledgers):
    old = ledgers.claim(verdict="+", claim_id="a")
    new = ledgers.claim(verdict="-", claim_id="b", arguments={**old.arguments, "reading": "None"})
    found = compare(ledgers.run(old), ledgers.run(new))
    assert found.exit_status() == 1


def test_two_models_are_compared_claim_by_claim(ledgers):
    one = [ledgers.claim(head, model="small") for head in ("L0H0", "L0H1")]
    other = [ledgers.claim("L0H0", "-", model="large"), ledgers.claim("L0H7", model="large")]
    found = compare(ledgers.run(*one), ledgers.run(*other))
    (change,) = found.changes
    assert (change.before.model, change.after.model) == ("small", "large")
    assert found.exit_status() == 1
    assert [each.words for each in found.appeared] == ["L0H7 drops the logit"]
    assert ("models", "small", "large") in found.settings


def test_a_model_that_both_know_is_compared_with_itself_alone(ledgers):
    small, large = ledgers.claim(model="small"), ledgers.claim(model="large")
    found = compare(ledgers.run(small), ledgers.run(small, large))
    assert len(found.changes) == 1
    assert found.appeared == (large,)


def test_settings_that_differ_are_named(ledgers):
    before = ledgers.run(
        ledgers.claim(fingerprint="aaaa", dtype="float32", device="cpu"),
        versions={"torch": "2.12", "numpy": "2.4"},
        seed=0,
    )
    after = ledgers.run(
        ledgers.claim(fingerprint="bbbb", dtype="bfloat16", device="cuda"),
        versions={"torch": "2.13", "numpy": "2.4", "scipy": "1.17"},
        seed=3,
    )
    assert set(compare(before, after).settings) == {
        ("seed", "0", "3"),
        ("torch", "2.12", "2.13"),
        ("scipy", "–", "1.17"),
        ("weights of tiny", "aaaa", "bbbb"),
        ("dtype of tiny", "float32", "bfloat16"),
        ("device of tiny", "cpu", "cuda"),
    }
    assert compare(before, before).settings == ()
