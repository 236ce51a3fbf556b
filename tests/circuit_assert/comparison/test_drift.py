"""Whether an effect moved: paired, beyond the noise, and with all claims in mind."""

import numpy as np
import pytest

from circuit_assert.comparison import compare
from circuit_assert.ledger import ScoresRecord
from circuit_assert.ledger.scores import write_scores

CLUSTERS = 32
BASE = np.linspace(0.2, 1.8, CLUSTERS)


def noise(seed, size=CLUSTERS):
    return np.random.default_rng(seed).normal(0.0, 0.1, size)


@pytest.fixture
def moved(ledgers):
    """Compare a claim with itself after its cluster means have changed."""

    def run(before, after, **fields):
        one, other = (ledgers.finding(values, **fields) for values in (before, after))
        return compare(
            ledgers.run(ledgers.claim("L0H0", "+", one)),
            ledgers.run(ledgers.claim("L0H0", "+", other)),
        )

    return run


def test_a_small_shift_of_all_clusters_is_drift_though_intervals_overlap(moved):
    found = moved(BASE, BASE - 0.1 + noise(1) / 4)
    (change,) = found.drifted
    drift = change.drift
    assert drift.basis == "clusters"
    assert drift.low < -0.1 < drift.high < 0
    assert drift.difference == pytest.approx(-0.1, abs=0.02)
    assert dict(drift.clusters) == {"template": CLUSTERS}
    assert drift.q_value < 1e-6
    assert found.exit_status() == 0
    assert found.exit_status(fail_on_drift=True) == 1


def test_differences_that_go_both_ways_are_none(moved):
    found = moved(BASE, BASE + noise(2))
    assert found.tested == 1
    assert not found.drifted


def test_the_same_numbers_are_not_tested(moved):
    found = moved(BASE, BASE)
    assert found.tested == 0
    assert found.still == {"identical": 1}
    assert found.unchanged == 1


def test_what_the_noise_of_both_runs_explains_is_no_drift(moved):
    after = BASE + 5e-3 + noise(3) / 100
    assert moved(BASE, after).drifted
    assert not moved(BASE, after, floor=1e-3).drifted  # three floors of both runs: 6e-3
    still = moved(BASE, BASE + 1e-4 + noise(3) / 10_000, floor=1e-3)
    assert still.still == {"within the noise": 1}


def test_rounding_of_what_was_kept_is_no_drift(moved):
    exact = BASE * 1.0000049 + 1e-9
    rounded = [float(f"{x:.6g}") for x in exact]
    assert moved(BASE * 1.0, rounded).still == {"within the noise": 1}


def test_few_clusters_are_judged_by_their_signs_and_too_few_not_at_all(moved):
    assert moved(BASE[:12], BASE[:12] + 0.3 + noise(4, 12) / 10).drifted
    found = moved(BASE[:5], BASE[:5] + 0.3 + noise(4, 5) / 10)
    assert not found.drifted
    ((reason, count),) = found.still.items()
    assert reason.startswith("5 clusters are too few")
    assert count == 1


def test_one_strange_cluster_is_no_drift(moved):
    after = BASE.copy()
    after[3] += 50.0
    assert not moved(BASE, after + noise(5) / 1000).drifted


def test_skewed_differences_have_to_convince_the_bootstrap_too(moved):
    """Student's t alone gives p = 0.001 here, which skew of this kind makes too small."""
    exponential = -np.log(1 - (np.arange(CLUSTERS) + 0.5) / CLUSTERS)
    assert not moved(BASE, BASE + 1.6 - exponential).drifted
    assert moved(BASE, BASE + 2.0 - exponential).drifted


def test_only_clusters_that_are_in_both_are_paired(ledgers):
    before = ledgers.finding(BASE)
    means = {f"c{n}": float(x) for n, x in enumerate(BASE + 0.2 + noise(6) / 10) if n >= 4}
    means |= {f"new{n}": -100.0 for n in range(5)}
    after = ledgers.finding(
        effect=0.1, clusters={"template": len(means)}, cluster_means={"template": means}
    )
    found = compare(
        ledgers.run(ledgers.claim("L0H0", "+", before)),
        ledgers.run(ledgers.claim("L0H0", "+", after)),
    )
    (change,) = found.drifted
    assert change.drift.difference == pytest.approx(0.2, abs=0.05)
    assert dict(change.drift.clusters) == {"template": CLUSTERS - 4}


def test_crossed_clusters_add_both_variances(ledgers):
    """Either name alone would exclude zero; the two together do not."""

    def finding(shift, spread):
        rng = np.random.default_rng(8)
        names = {
            name: {f"{name}{n}": float(x) for n, x in enumerate(1.0 + shift * made)}
            for name, made in (
                ("concept", 1 + spread * _centred(rng.normal(size=20))),
                ("template", 1 + spread * _centred(rng.normal(size=20))),
            )
        }
        return ledgers.finding(
            effect=1.0 + shift, clusters={"concept": 20, "template": 20}, cluster_means=names
        )

    def drifted(spread):
        found = compare(
            ledgers.run(ledgers.claim("L0H0", "+", finding(0.0, spread))),
            ledgers.run(ledgers.claim("L0H0", "+", finding(0.1, spread))),
        )
        return bool(found.drifted)

    assert drifted(0.1)
    assert not drifted(1.3)  # t of one name: √20 / 1.3 = 3.4, of both: 2.4


def _centred(values):
    return (values - values.mean()) / values.std(ddof=1)


def test_among_many_claims_that_did_not_move_none_drifts_and_one_that_did_does(ledgers):
    before, after = [], []
    for n in range(300):
        shift = -0.15 if n == 17 else 0.0
        before.append(ledgers.claim(f"L0H{n}", "+", ledgers.finding(BASE)))
        values = BASE + shift + noise(n + 100)
        after.append(ledgers.claim(f"L0H{n}", "+", ledgers.finding(values)))
    found = compare(ledgers.run(*before), ledgers.run(*after))
    assert found.tested == 300
    assert [each.after.claim_id for each in found.drifted] == ["tiny-L0H17"]
    # one by one, some of them would
    alone = [compare(ledgers.run(b), ledgers.run(a)) for b, a in zip(before, after, strict=True)]
    assert sum(bool(each.drifted) for each in alone) > 1


def test_several_criteria_of_a_claim_count(ledgers):
    def claim(shift):
        findings = [
            ledgers.finding(BASE + noise(n) * bool(shift) + shift * (n == 3), name=f"part {n}")
            for n in range(5)
        ]
        return ledgers.claim("L0H0", "+", *findings)

    found = compare(ledgers.run(claim(0.0)), ledgers.run(claim(0.3)))
    (change,) = found.drifted
    assert change.drift.criterion == "part 3"
    one = compare(
        ledgers.run(ledgers.claim("L0H0", "+", ledgers.finding(BASE))),
        ledgers.run(ledgers.claim("L0H0", "+", ledgers.finding(BASE + noise(3) + 0.3))),
    )
    alone = one.drifted[0].drift.q_value
    assert change.drift.q_value == pytest.approx(5 * alone, rel=1e-6, abs=0)


def test_without_values_intervals_that_lie_apart_are_told_and_are_no_drift(ledgers):
    before = ledgers.finding(effect=0.5, low=0.4, high=0.6)
    apart = ledgers.finding(effect=0.8, low=0.7, high=0.9)
    found = compare(
        ledgers.run(ledgers.claim("L0H0", "+", before)),
        ledgers.run(ledgers.claim("L0H0", "+", apart)),
    )
    assert not found.drifted
    assert [each.drift.basis for each in found.apart] == ["intervals"]
    assert found.exit_status(fail_on_drift=True) == 0
    touching = ledgers.finding(effect=0.7, low=0.6, high=0.9)
    found = compare(
        ledgers.run(ledgers.claim("L0H0", "+", before)),
        ledgers.run(ledgers.claim("L0H0", "+", touching)),
    )
    assert not found.apart


def test_other_prompts_are_not_paired(moved, ledgers):
    found = compare(
        ledgers.run(ledgers.claim("L0H0", "+", ledgers.finding(BASE, prompts="one"))),
        ledgers.run(
            ledgers.claim("L0H0", "+", ledgers.finding(BASE - 0.5 + noise(1), prompts="other"))
        ),
    )
    assert found.tested == 0
    assert not found.drifted


class TestScores:
    """Scores of units that both runs kept, instead of what the ledgers have."""

    @pytest.fixture
    def kept(self, ledgers, tmp_path):
        def run(name, values, ids=None, **fields):
            """A run that kept 2 units of each cluster."""
            path = tmp_path / f"{name}.jsonl"
            finding = ledgers.finding(BASE + (name == "after") * 1e-3)  # says next to nothing
            claim = ledgers.claim("L0H0", "+", finding)
            write_scores(
                path,
                ScoresRecord(
                    claim_id=claim.claim_id,
                    nodeid=claim.nodeid,
                    criterion="drop",
                    units=tuple(range(len(values))),
                    values=tuple(values),
                    clusters={"template": ids or tuple(f"c{n // 2}" for n in range(len(values)))},
                ),
            )
            return ledgers.run(claim, path=path, **fields)

        return run

    def test_units_are_used_when_both_have_them(self, kept):
        values = list(np.repeat(BASE, 2))
        after = [*(np.array(values) - 0.2 + noise(9, 64) / 10)]
        after[5] = None
        found = compare(kept("before", values), kept("after", after))
        (change,) = found.drifted
        assert change.drift.basis == "units"
        assert change.drift.difference == pytest.approx(-0.2, abs=0.02)

    def test_units_of_other_clusters_are_not_the_same(self, kept):
        values = list(np.repeat(BASE, 2))
        other = tuple(f"d{n // 2}" for n in range(64))
        moved = list(np.array(values) - 0.2 + noise(9, 64) / 10)
        found = compare(kept("before", values), kept("after", moved, other))
        assert not found.drifted  # the means of clusters say that nothing moved

    def test_one_run_with_scores_is_not_enough(self, kept, ledgers):
        after = ledgers.run(ledgers.claim("L0H0", "+", ledgers.finding(BASE - 0.3 + noise(1) / 9)))
        found = compare(kept("before", list(np.repeat(BASE, 2))), after)
        (change,) = found.drifted
        assert change.drift.basis == "clusters"
