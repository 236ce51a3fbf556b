"""The values behind a finding: means of clusters, extremes, and how their prompts read."""

import json

import numpy as np

from circuit_assert import Session, ablation_drops_logit
from circuit_assert.evidence import Finding
from circuit_assert.ledger import ClaimRecord, FindingRecord, as_dict, from_dict
from circuit_assert.models.planted_models import lookup_documents, lookup_model, lookup_prompts
from circuit_assert.stats import Verdict
from circuit_assert.unit_scores import UnitScores

SCORES = UnitScores(
    (0.4, None, 0.1, 0.3, 0.2),
    (7, 8, 9, 10, 12),
    {"template": ("a", "a", "a", "b", "b")},
    "cues",
    {9: "the lowest"},
)


def test_a_cluster_s_mean_is_that_of_its_known_units():
    assert SCORES.cluster_means == {"template": {"a": 0.25, "b": 0.25}}


def test_extremes_are_in_order_and_known():
    assert [each.unit for each in SCORES.lowest] == [9, 12, 10]
    assert [each.unit for each in SCORES.highest] == [7, 10, 12]
    assert SCORES.lowest[0].text == "the lowest"
    assert SCORES.extremes == [9, 12, 10, 7]


def test_json_brings_them_back():
    finding = Finding("a", "primary", "b", Verdict.SUPPORTED, others=(1.0, 2.0), scores=SCORES)
    assert Finding.of(json.loads(json.dumps(finding.record))) == finding


def test_many_others_are_kept_as_quantiles_and_many_clusters_not_at_all():
    many = UnitScores(
        tuple(map(float, range(500))),
        tuple(range(500)),
        {"unit": tuple(map(str, range(500))), "half": tuple(str(i % 2) for i in range(500))},
    )
    others = tuple(np.random.default_rng(0).normal(size=5000).tolist())
    made = FindingRecord.of(
        Finding("a", "guard", "b", Verdict.SUPPORTED, others=others, scores=many)
    )
    assert set(made.cluster_means) == {"half"}
    assert len(made.others) == 201
    assert list(made.others) == sorted(made.others)
    assert made.others[0] == float(f"{min(others):.6g}")
    assert made.others[-1] == float(f"{max(others):.6g}")
    assert abs(made.others[100] - np.median(others)) < 0.01


def test_a_real_claim_keeps_what_its_interval_is_of():
    prompts = lookup_prompts(templates=8, per_template=4)
    model = Session().model(lookup_model())
    evidence = ablation_drops_logit(
        model["L1H0"], on=prompts, by=0.5, off_task=lookup_documents()
    ).check()
    primary = next(f for f in evidence.findings if f.role == "primary" and f.scores)
    scores = primary.scores
    assert scores is not None
    (means,) = scores.cluster_means.values()
    assert primary.estimand == "median cluster"
    assert np.isclose(np.median(list(means.values())), primary.effect)
    assert scores.prompts == prompts.name
    shown = scores.lowest[0]
    assert shown.text.strip() == list(prompts)[shown.unit].text.strip()
    assert any("L1H0" in said for said in primary.interventions)
    assert len(evidence.scores) == sum(
        len(f.scores.values) for f in evidence.findings if f.scores is not None
    )
    assert "scores" not in evidence.frame


def test_a_record_of_it_survives_the_ledger():
    record = FindingRecord.of(Finding("a", "primary", "b", Verdict.SUPPORTED, scores=SCORES))
    claim = ClaimRecord(claim_id="x", nodeid="y", findings=(record,))
    assert from_dict(json.loads(json.dumps(as_dict(claim)))) == claim
