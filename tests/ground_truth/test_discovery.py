"""Discovery: the heads that stand out, from one half of the prompts, and what is said of it."""

import warnings

import numpy as np
import pandas as pd
import pytest

from circuit_assert import (
    DiscoveryWarning,
    Session,
    attention_over,
    discover,
    exactly_these_heads_are,
    head_attends_inductively,
    head_is_induction,
    prefix_matching_score,
    repeated_tokens,
    some_head_is,
)
from circuit_assert.errors import ComponentError, PromptError
from circuit_assert.measurements import AttentionOverPairs, Request
from circuit_assert.models.planted_models import induction_model

PLAIN = induction_model()
ON = repeated_tokens(sequences=48)


@pytest.fixture
def model():
    return Session().model(PLAIN)


def test_the_heads_with_the_pattern_lead_the_table(model):
    table = discover(prefix_matching_score, model, on=ON, versus="corrupt", top=5)

    assert set(table["component"][:4]) == {"L1H0", "L1H1", "L1H4", "L1H5"}
    assert list(table.index) == [1, 2, 3, 4, 5]
    assert (table["p_value"][:4] <= 0.01).all()
    assert table["p_value"][5] > 0.01
    assert ((table["low"] <= table["estimate"]) & (table["estimate"] <= table["high"])).all()


def test_only_the_discovery_half_is_looked_at(model):
    table = discover(prefix_matching_score, model, on=ON, top=1)
    request = Request(AttentionOverPairs("induction"), ON.half("discovery"))
    (scores,) = model.measure([request])
    assert table["estimate"][1] == pytest.approx(scores.mean(0).max())


def test_the_table_says_which_half_it_is_of(model):
    table = discover(prefix_matching_score, model, on=ON, layers=[1], top=3)
    assert table.attrs["half"] == "discovery"
    assert table.attrs["prompts"] == ON.half("discovery").name
    assert table.attrs["clusters"] == {"sequence": 24}
    assert table.attrs["looked_at"] == 6
    assert table.attrs["interval"].startswith("0.98")
    assert str(table).splitlines()[0].startswith("discovery, 24 sequences")


def test_all_heads_are_read_in_the_same_runs(model, monkeypatch):
    from circuit_assert.execution.known import Known

    runs = []
    run = Known.run
    monkeypatch.setattr(
        Known, "run", lambda known, wanted: runs.append(wanted) or run(known, wanted)
    )
    discover(prefix_matching_score, model, on=ON, versus=lambda h: attention_over(h, "two after"))
    assert len(runs) == 1
    assert len(set(runs[0])) == 2


def test_a_measurement_can_be_told_what_to_measure(model):
    table = discover(lambda head: attention_over(head, "previous"), model, on=ON, top=1)
    assert table["component"][1] == "L0H0"


def test_below_20_clusters_p_values_are_not_available(model):
    table = discover(prefix_matching_score, model, on=repeated_tokens(), top=3)
    assert table["p_value"].isna().all()
    assert np.isfinite(table[["estimate", "low", "high"]]).all(axis=None)
    assert isinstance(table, pd.DataFrame)


def test_what_does_not_exist_or_cannot_be_halved_is_refused(model):
    with pytest.raises(ComponentError, match="has no L7"):
        discover(prefix_matching_score, model, on=ON, layers=[7])
    with pytest.raises(PromptError, match="is a half already"):
        discover(prefix_matching_score, model, on=ON.half("test"))


@pytest.mark.parametrize("on", [ON, ON.half("discovery")], ids=["all", "discovery"])
def test_a_claim_on_the_prompts_it_was_found_on_warns(model, on):
    discover(prefix_matching_score, model, on=ON, versus="corrupt", top=1)
    discover(prefix_matching_score, model, on=ON, versus="corrupt", top=1)
    claim = head_attends_inductively(model["L1H5"], on=on)
    with pytest.warns(DiscoveryWarning, match=r"L1H5 was found on .*half\('test'\)") as caught:
        evidence = claim.check()
    assert len(caught) == len(evidence.notes) == 1
    assert "L1H5 was found on" in str(evidence)


def test_exactness_on_the_prompts_they_were_found_on_warns(model):
    discover(prefix_matching_score, model, on=ON, versus="corrupt", top=4)
    these = model["L1H0", "L1H1", "L1H4", "L1H5"]
    with pytest.warns(DiscoveryWarning):
        exactly_these_heads_are(head_attends_inductively, these, model.heads(), on=ON).check()


def test_a_claim_on_other_prompts_or_of_another_head_does_not_warn(model):
    discover(prefix_matching_score, model, on=ON, versus="corrupt", top=1)
    claims = [
        head_attends_inductively(model["L1H5"], on=ON.half("test")),
        head_attends_inductively(model["L1H5"], on=repeated_tokens(sequences=48, seed=1)),
        head_attends_inductively(model["L1H0"], on=ON),
        some_head_is(head_is_induction, model["L1H5", "L1H0"], on=ON),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error", DiscoveryWarning)
        for claim in claims:
            claim.check()
