"""A model with one head's output scaled by 0.7 under the same name: comparing runs finds it."""

from dataclasses import replace

import pytest

from circuit_assert import Session, ablation_drops_logit
from circuit_assert.comparison import compare
from circuit_assert.ledger import (
    AssertionRecord,
    ClaimRecord,
    FindingRecord,
    Ledger,
    RunRecord,
    polarity,
)
from circuit_assert.models.planted_models import lookup_documents, lookup_model, lookup_prompts
from circuit_assert.reporting.comparison import as_text

PLANTED = lookup_model(effect=2.0)
PROMPTS = lookup_prompts(per_template=2)
DOCUMENTS = lookup_documents()
CLAIMS = {("L1H0", 0.5): True, ("L1H0", 1.5): True, ("L1H2", 0.5): False, ("L0H5", 0.5): False}
"""Head and bound → whether its test asserts it, or denies it."""


def damaged(model, layer=1, head=0, scale=0.7):
    """The same model, by name, with one head's W_O scaled."""

    def weights():
        made = {name: tensor.clone() for name, tensor in model.weights().items()}
        size = model.card.d_head
        made[f"layers.{layer}.attn.o.weight"][:, head * size : (head + 1) * size] *= scale
        return made

    return replace(model, weights=weights)


def run_of(model, path):
    handle = Session().model(model)
    records, assertions = [], []
    for (head, by), asserted in CLAIMS.items():
        claim = ablation_drops_logit(handle[head], on=PROMPTS, by=by, off_task=DOCUMENTS)
        found = claim.check()
        shared = ("claim_id", "sentence", "model", "fingerprint", "arguments", "reason")
        records.append(
            ClaimRecord(
                **{name: getattr(found, name) for name in shared},
                nodeid=f"test_lookup.py::test_{head}_{by}",
                claim_type=found.kind,
                words=claim.words,
                verdict=str(found.verdict),
                findings=tuple(map(FindingRecord.of, found.findings)),
                headline=found.findings.index(found.headline),
            )
        )
        held = (found.verdict == "supported") == asserted
        assertions.append(
            AssertionRecord(
                claim_id=claim.id,
                nodeid=records[-1].nodeid,
                held=held,
                polarity=polarity(str(found.verdict), held),
            )
        )
    started = RunRecord(
        started="2026-03-04T05:06:07+00:00",
        false_pass_rate=0.01,
        seed=0,
        device="cpu",
        dtype="float32",
        fail_on="inconclusive",
    )
    return Ledger(path, started, (), tuple(records), tuple(assertions), (), None)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    runs = [
        run_of(model, folder / f"{name}.jsonl")
        for name, model in (("whole", PLANTED), ("damaged", damaged(PLANTED)))
    ]
    return compare(*runs)


def test_the_claim_that_no_longer_holds_is_named(found):
    assert [each.verdict for each in (c.before for c in found.changes)] == [
        "supported", "supported", "refuted", "refuted"
    ]  # fmt: skip
    (worse,) = found.worse
    assert worse.after.words.startswith("Ablating L1H0 drops")
    assert worse.after.verdict == "refuted"
    assert found.exit_status() == 1


def test_the_claim_that_still_holds_has_drifted_by_what_was_taken_away(found):
    (drifted,) = [each for each in found.drifted if not each.another_verdict]
    assert drifted.after.words.startswith("Ablating L1H0 drops")
    drift = drifted.drift
    assert drift.low < drift.high < 0
    assert drift.difference == pytest.approx(-0.3 * drift.before, rel=1e-3)


def test_heads_that_were_left_alone_are_not_named(found):
    assert {each.after.words.split()[1] for each in (*found.worse, *found.drifted)} == {"L1H0"}
    assert [each.name for each in found.settings] == [f"weights of {PLANTED.name}"]
    text = as_text(found)
    assert "L1H2" not in text
    assert "L0H5" not in text
