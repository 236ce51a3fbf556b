"""Faults in how scores are filed, remembered and counted."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from circuit_assert import ablation_drops_logit, claim, contrast, loss, repeated_tokens
from circuit_assert.backends import transformer_lens
from circuit_assert.execution.executor import Executor
from circuit_assert.execution.identity import Identity
from circuit_assert.execution.job import Job
from circuit_assert.execution.recall import Recall
from circuit_assert.interventions import Ablation
from circuit_assert.measurements.activations import Kept
from circuit_assert.models.planted_models import (
    lookup_documents,
    lookup_model,
    lookup_prompts,
    redundant_induction_model,
)
from circuit_assert.prompts import tokenize
from circuit_assert.session import Session
from circuit_assert.stats import Verdict

PLANTED = lookup_model()
DECOY = "planted truth: a decoy is supported"


def _drops(planted=PLANTED, prompts=None, cache=None):
    head = Session(cache=cache).model(planted)["L1H0"]
    options = {"on": prompts or lookup_prompts(), "off_task": lookup_documents()}
    return ablation_drops_logit(head, by=1.0, **options).check()


def head_that_moves_the_answer():
    return _drops()


def head_that_moves_the_answer_with_scores_kept():
    with TemporaryDirectory() as folder:
        return _drops(cache=Path(folder))


def head_of_a_random_model_after_the_planted_one():
    with TemporaryDirectory() as folder:
        _drops(cache=Path(folder))
        return _drops(PLANTED.with_random_weights(1), cache=Path(folder))


def head_that_moves_the_answer_of_few_templates():
    return _drops(prompts=lookup_prompts(templates=6))


def files_scores_in_the_order_of_runs(monkeypatch):
    right = Job._file

    def wrong(self):
        for results in self._results:
            for measurement, by_unit in results.items():
                if not isinstance(measurement, Kept):
                    results[measurement] = dict(enumerate(by_unit.values()))
        right(self)

    monkeypatch.setattr(Job, "_file", wrong)


def leaves_the_model_out_of_the_key(monkeypatch):
    right = Identity.__init__

    def wrong(self, backend, store):
        right(self, backend, store)
        self._circumstances = ""

    monkeypatch.setattr(Identity, "__init__", wrong)


def takes_the_fingerprint_without_the_weights(monkeypatch):
    def wrong(module, processing):
        return f"{processing} {[(n, tuple(t.shape)) for n, t in module.state_dict().items()]}"

    monkeypatch.setattr(transformer_lens, "_fingerprint", wrong)


def leaves_the_intervention_out_of_the_key(monkeypatch):
    right = Recall._described
    monkeypatch.setattr(Recall, "_described", lambda self, request: right(self, request)[:-1])


def counts_prompts_as_clusters(monkeypatch):
    right = tokenize._assemble

    def wrong(prompts, rows, dropped):
        made = right(prompts, rows, dropped)
        ids = tuple(str(unit) for unit in range(len(rows)))
        return replace(made, clusters=dict.fromkeys(made.clusters, ids))

    monkeypatch.setattr(tokenize, "_assemble", wrong)


@claim("Ablating {head} lowers the loss")
def lowers_the_loss(head, *, by: float = 0.0):
    """An effect by itself, without a claim's controls."""
    clean = loss(head.model)
    ablated = clean.with_intervention(Ablation(head.components))
    return contrast(clean, versus=ablated, on=repeated_tokens(), by=by)


def head_that_does_nothing_alone():
    """The other of two is enough; neurons have sizes that leave a rounding error of it."""
    planted = redundant_induction_model()

    def weights():
        tensors = dict(planted.weights())
        sizes = 1.0 + torch.arange(planted.card.d_mlp) / 100
        tensors["layers.1.mlp.fc_in.weight"] *= sizes[:, None]
        tensors["layers.1.mlp.fc_in.bias"] *= sizes
        tensors["layers.1.mlp.fc_out.weight"] /= sizes
        return tensors

    model = replace(planted, name="planted-redundant-of-other-sizes", weights=weights)
    return lowers_the_loss(Session().model(model)["L1H0"]).check()


def takes_rounding_for_an_effect(monkeypatch):
    monkeypatch.setattr(Executor, "_rounding", lambda self, request: 0.0)
    # run at some positions only, the last MLP rounds in another way, which this head does not show
    monkeypatch.setattr(transformer_lens.TransformerLensBackend, "can_narrow", False)


SOUND = {
    head_that_does_nothing_alone: Verdict.INCONCLUSIVE,
    head_that_moves_the_answer: Verdict.SUPPORTED,
    head_that_moves_the_answer_with_scores_kept: Verdict.SUPPORTED,
    head_of_a_random_model_after_the_planted_one: Verdict.INCONCLUSIVE,
    head_that_moves_the_answer_of_few_templates: Verdict.INCONCLUSIVE,
}
FAULTS = {
    takes_rounding_for_an_effect: (head_that_does_nothing_alone, DECOY, "above"),
    files_scores_in_the_order_of_runs: (head_that_moves_the_answer, "noise floor", "in part"),
    leaves_the_model_out_of_the_key: (head_of_a_random_model_after_the_planted_one, DECOY, "above"),
    takes_the_fingerprint_without_the_weights: (
        head_of_a_random_model_after_the_planted_one,
        DECOY,
        "above",
    ),
    leaves_the_intervention_out_of_the_key: (
        head_that_moves_the_answer_with_scores_kept,
        "noise floor",
        "zero variance",
    ),
    counts_prompts_as_clusters: (head_that_moves_the_answer_of_few_templates, DECOY, "above"),
}
