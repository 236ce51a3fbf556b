"""How far the engine's own choices move scores, and that verdicts know it."""

import numpy as np
import pytest
import torch

from circuit_assert import Session, ablation_drops_logit
from circuit_assert.backends.load import load
from circuit_assert.components import Head, Site
from circuit_assert.execution.executor import Executor
from circuit_assert.interventions import Ablation
from circuit_assert.measurements import AttentionOverPairs, LogitDifference, Loss, Request, Residual
from circuit_assert.models.planted_models import lookup_documents, lookup_model, lookup_prompts
from circuit_assert.models.spec import spec_of
from circuit_assert.stats import Verdict
from circuit_assert.stats.verdict import NOISE_FLOORS

SMALL = lookup_model(effect=0.02, spread=0.5)
PROMPTS = lookup_prompts()


@pytest.fixture(scope="module")
def narrow():
    """The lookup model in bfloat16."""
    return load(spec_of(lookup_model(), dtype="bfloat16"))


def test_weights_are_what_they_were_after_a_run_in_float32(narrow, task):
    tensors = list(narrow._bridge.original_model.parameters())
    before = [tensor.clone() for tensor in tensors]
    tokens = torch.from_numpy(task.tokenize(narrow.tokenizer).tokens["clean"][0])[None]
    with narrow.in_float32():
        assert {tensor.dtype for tensor in tensors} == {torch.float32}
        assert narrow.run(tokens, reads={}, edits={}, last_layer=1).dtype == torch.float32
    assert narrow.run(tokens, reads={}, edits={}, last_layer=1).dtype == torch.bfloat16
    for now, then in zip(tensors, before, strict=True):
        assert torch.equal(now, then)


def test_weights_are_what_they_were_after_a_failure_in_float32(narrow):
    parameter = next(narrow._bridge.original_model.parameters())
    with pytest.raises(RuntimeError, match="out of memory"), narrow.in_float32():
        raise RuntimeError("out of memory")
    assert parameter.dtype == torch.bfloat16


@pytest.mark.parametrize("under", [None, Ablation((Head(1, 0),))], ids=["clean", "ablated"])
@pytest.mark.parametrize(
    "measurement", [LogitDifference(), Residual(Site(1, "resid_post"))], ids=str
)
def test_a_narrow_floor_is_how_far_scores_are_from_those_in_float32(
    narrow, task, measurement, under
):
    engine = Executor(narrow)
    request = Request(measurement, task, under=under)
    engine.run([request])
    floor = engine.noise_floor(request)
    with narrow.in_float32():
        wide = Executor(narrow)
        wide.run([request])
    differences = np.abs(engine.store.scores[request] - wide.store.scores[request])
    assert floor > 1e-3
    assert np.median(differences) <= floor
    assert differences.max() <= NOISE_FLOORS * floor


def test_an_effect_that_rounding_could_be_is_claimed_in_float32_only():
    verdicts = {}
    for dtype in ("float32", "bfloat16"):
        head = Session(dtype=dtype).model(SMALL)["L1H0"]
        claim = ablation_drops_logit(head, on=PROMPTS, by=0.005, off_task=lookup_documents())
        evidence = claim.check()
        effect = next(found for found in evidence.findings if found.name == "total effect")
        verdicts[dtype] = effect.verdict
        assert effect.noise_floor > 0
    assert verdicts == {"float32": Verdict.SUPPORTED, "bfloat16": Verdict.INCONCLUSIVE}
    assert f"widened by {NOISE_FLOORS * effect.noise_floor:.2g}" in str(evidence)


def test_a_logit_is_not_rounded_to_the_dtype_of_the_weights(narrow, task):
    """Near 20, neighbouring bfloat16 numbers are an eighth apart."""
    tokens = torch.tensor([[3, 5]])
    residual = torch.full((1, narrow.card.d_model), 20.0, dtype=torch.bfloat16)
    logits = narrow.token_logits(residual, tokens)
    assert logits.dtype == torch.float32


def test_floors_are_those_of_what_the_effect_is_made_of():
    """Norms that choose the peers are large and in another unit: they move no effect."""
    head = Session().model(lookup_model())["L1H0"]
    evidence = ablation_drops_logit(head, on=PROMPTS, by=1.0, off_task=lookup_documents()).check()
    floors = {found.name: found.noise_floor for found in evidence.findings if found.effect}
    assert set(floors) == {"competence", "total effect", "specific", "off-task"}
    assert all(0 < floor < 1e-4 for floor in floors.values()), floors
    assert evidence.noise_floor == max(floors.values())


def test_losses_and_attention_have_floors_of_their_own(induction, sequences):
    engine = Executor(induction)
    requests = [Request(Loss(), sequences), Request(AttentionOverPairs("induction"), sequences)]
    engine.run(requests)
    loss, attention = map(engine.noise_floor, requests)
    assert attention < 1e-5
    assert attention < loss < 1e-3


def test_the_largest_logit_of_a_set_is_looked_for_once(monkeypatch, induction, sequences):
    engine = Executor(induction)
    first, later = (Request(Loss(places=places), sequences) for places in (0, 2))
    edited = Request(Loss(), sequences, under=Ablation((Head(1, 0),)))
    engine.run([first, edited])
    made = []
    honest = type(induction).top_tokens

    def noted(self, residual, k):
        made.append(len(residual))
        return honest(self, residual, k)

    monkeypatch.setattr(type(induction), "top_tokens", noted)
    floors = [engine.noise_floor(request) for request in (first, edited)]
    engine.run([later])
    floors.append(engine.noise_floor(later))
    assert made == [len(sequences.tokenize(induction.tokenizer).tokens["clean"][0])]
    logits = engine._largest_logits[sequences, "clean"]
    assert min(floors) >= np.finfo(np.float32).eps * logits > 0
