"""The calibration command: what it simulates and says, and that it can find a broken promise."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.calibration import __main__ as command
from benchmarks.calibration import tables, verdicts
from benchmarks.calibration.claim_types import simulation
from benchmarks.calibration.designs import Binary, Clustered, Crossed
from benchmarks.calibration.families import FAMILIES

NARROW = Clustered("normal", 20)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_families_are_standardised(family):
    drawn = family.draw(np.random.default_rng(0), (400_000,))
    assert drawn.mean() == pytest.approx(0, abs=0.02)
    assert drawn.std() == pytest.approx(1, abs=0.04)


@pytest.mark.parametrize(
    "design",
    [
        NARROW,
        Clustered("exponential", 30, 8, 0.3),
        Clustered("mostly zeros", 20, 8, 0.05, unequal=True),
        Crossed("half zeros", 20, 20),
        Binary(0.9, 50, 8, 0.3),
    ],
    ids=str,
)
def test_means_of_samples_lie_about_the_truth_with_the_stated_spread(design):
    rng = np.random.default_rng(1)
    means = [
        sample.means(name).mean()
        for sample in (design.draw(rng) for _ in range(400))
        for name in list(sample.clusters)[:1]
    ]
    error = np.std(means) / 20
    assert abs(np.mean(means) - design.truth) < 4 * error


def test_correlated_units_of_a_cluster_are_alike():
    sample = Clustered("normal", 400, 8, 0.3).draw(np.random.default_rng(2))
    table = sample.values.reshape(400, 8)
    between = np.corrcoef(table[:, :4].mean(1), table[:, 4:].mean(1))[0, 1]
    assert between == pytest.approx(4 * 0.3 / (1 + 3 * 0.3), abs=0.12)


def test_the_median_of_skewed_clusters_is_what_few_of_them_decide_on():
    truth = Clustered("exponential", 15).truth
    assert truth == pytest.approx(np.log(2) - 1, abs=0.01)
    assert Clustered("exponential", 20).truth == 0


def test_a_fair_design_keeps_its_promise_and_finds_large_effects():
    row = verdicts.simulate(NARROW, samples=200)
    assert row.kept
    assert row.coverage > 0.94
    assert row.found / row.samples > 0.8
    assert row.undecided == 0
    assert verdicts.simulate(Clustered("normal", 5), samples=10).undecided == 10


def test_a_rule_that_is_too_bold_is_found_out(monkeypatch):
    """Ends of the interval at eight times the level that was asked for."""
    honest = verdicts.estimate
    monkeypatch.setattr(verdicts, "estimate", lambda sample, alpha: honest(sample, 8 * alpha))
    row = verdicts.simulate(NARROW, samples=200)
    assert not row.kept
    assert "The promise is broken by: normal, 20 clusters" in tables.conclusion([row])
    assert "**20 clusters of 1, correlation 0**" in tables.of_verdicts([row])


@pytest.mark.parametrize("region", verdicts.REGIONS, ids=lambda region: region.words)
def test_regions_are_calibrated_on_both_sides_of_a_bound(region):
    row = verdicts.simulate_region(region, Clustered("normal", 20), samples=60)
    assert row.kept
    assert row.found / row.samples > 0.9


def test_nothing_is_promised_of_rare_large_values():
    row = verdicts.simulate(Clustered("rarely large", 20), samples=100)
    assert row.promise is None
    assert "nothing is promised" in tables.of_verdicts([row])


def test_the_command_prints_and_writes(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(verdicts, "designs", lambda: [NARROW, Binary(0.5, 12)])
    row = verdicts.simulate(NARROW, samples=20)
    claims = simulation.Part(0, judged=20, supported=0, refuted=0)
    found = iter([[row, replace(row)], [claims]])
    monkeypatch.setattr(command, "_done", lambda tasks, processes, doing: next(found))
    path = tmp_path / "rows.json"
    monkeypatch.setattr(sys, "argv", ["calibration", "--samples", "20", "--json", str(path)])
    assert command.main() == 0
    said = capsys.readouterr().out
    assert said.index(tables.OF_VERDICTS) < said.index(tables.OF_CLAIMS)
    assert "### normal (promised: at most 1.0 %)" in said
    assert "| `head_attends_inductively` | pattern | 20 of 1 models | 0 (0.0 %) | 13.9 % |" in said
    assert json.loads(path.read_text())["claims"][0]["instances"] == 20
    written = json.loads(path.read_text())["verdicts"]
    assert [each["design"] for each in written] == [row.design] * 2
    assert written[0]["coverage"] == row.coverage
