"""What several measurements from weights have in common is worked out once, to the same numbers."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from circuit_assert import Session
from circuit_assert.backends.load import load
from circuit_assert.components import Head, Site
from circuit_assert.execution.from_weights import worked_out
from circuit_assert.measurements import ov, predicted_keys, spectra
from circuit_assert.measurements.base import WeightRequest
from circuit_assert.measurements.continuations import Continuations
from circuit_assert.measurements.ov import OVByChance, OVCircuit
from circuit_assert.measurements.predicted_keys import PredictedKeyRanks
from circuit_assert.measurements.vocabulary import VocabularyMoments
from circuit_assert.models.planted_models import (
    copying_model,
    neuron_model,
    steering_model,
    steering_prefixes,
    suppressing_model,
)
from circuit_assert.models.spec import spec_of
from circuit_assert.prompts.token_samples import token_sample

DRAWS = 5
RANDOM = copying_model().with_random_weights(0)


@pytest.fixture(autouse=True)
def few_mismatched_heads(monkeypatch):
    monkeypatch.setattr(ov, "_SETS", 4)


def counted(monkeypatch, owner, name):
    """How a function is called from now on: a list that grows."""
    calls, original = [], getattr(owner, name)

    def call(*args, **options):
        calls.append((args, options))
        return original(*args, **options)

    monkeypatch.setattr(owner, name, call)
    return calls


def by_chance(effective=False, draws=DRAWS):
    """Of the heads that are not mismatched with others."""
    mismatched = np.random.default_rng(0).permutation(12)[:4]
    heads = [Head(*divmod(n, 6)) for n in range(12) if n not in mismatched]
    return [OVByChance(OVCircuit((h,), token_sample(50), effective), draws) for h in heads]


def test_mismatched_circuits_are_turned_once_for_all_heads(monkeypatch):
    backend, several = load(spec_of(RANDOM)), by_chance()
    alone = [each.compute(backend) for each in several]
    turned = counted(monkeypatch, spectra, "turned_positivity")
    together = OVByChance.compute_all(backend, several)
    assert len(turned) == (len(several) + 1) * DRAWS
    np.testing.assert_array_equal(together, alone)


def test_a_head_reads_tokens_once_however_often_its_circuit_turns(monkeypatch):
    backend, one = load(spec_of(RANDOM)), by_chance()[0]
    read, multiplied = (counted(monkeypatch, ov, name) for name in ("product", "_between"))
    one.compute(backend)
    assert len(read) <= 2 + 2 * 4  # its own, and those of four others
    assert len(multiplied) == 1 + DRAWS


def test_other_tokens_embeddings_and_draws_are_not_taken_for_the_same():
    backend = load(spec_of(RANDOM))
    several = [by_chance(False)[-1], by_chance(True)[-1], by_chance(False, draws=3)[-1]]
    other = OVByChance(OVCircuit(several[0].of.heads, token_sample(50, seed=1), False), DRAWS)
    together = OVByChance.compute_all(backend, [*several, other])
    for found, each in zip(together, [*several, other], strict=True):
        np.testing.assert_array_equal(found, each.compute(backend))
    plain, effective, few, others = (found[1] for found in together)
    assert len(few) == 3
    assert not np.isin(effective, plain).any()
    assert not np.isin(others, plain).any()


def test_two_models_share_nothing():
    session, several = Session(), by_chance()[:1]
    found = [session.model(copying_model().with_random_weights(seed)) for seed in (0, 1)]
    rows = [model.measure([WeightRequest(several[0])])[0] for model in found]
    assert not np.isin(rows[0], rows[1]).any()


def test_layers_look_for_keys_in_one_pass_over_the_vocabulary(monkeypatch):
    monkeypatch.setattr(predicted_keys, "_PIECE", 30)
    backend = load(spec_of(suppressing_model(seed=3)))
    several = [PredictedKeyRanks(layer, token_sample(30), (0, 7)) for layer in range(2)]
    alone = [each.compute(backend) for each in several]
    embedded = counted(monkeypatch, backend, "token_embeddings")
    together = PredictedKeyRanks.compute_all(backend, several)
    pieces = -(-len(backend.tokenizer.ordinary_tokens()) // 30)
    assert len(embedded) == pieces + 2  # and each layer's own tokens
    for found, expected in zip(together, alone, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_neurons_of_several_layers_go_over_the_vocabulary_once(monkeypatch):
    backend = load(spec_of(neuron_model()))
    several = [VocabularyMoments(2, (5, 0)), VocabularyMoments(1)]
    alone = [each.compute(backend) for each in several]
    pieces = counted(monkeypatch, backend, "unembedding")
    together = VocabularyMoments.compute_all(backend, several)
    assert len(pieces) == 1
    for found, expected in zip(together, alone, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_session_works_them_out_together(monkeypatch):
    model, several = Session().model(RANDOM), by_chance()
    turned = counted(monkeypatch, spectra, "turned_positivity")
    found = model.measure([WeightRequest(each) for each in several])
    assert len(turned) == (len(several) + 1) * DRAWS
    backend = load(spec_of(RANDOM))
    np.testing.assert_array_equal(found, [each.compute(backend) for each in several])


@dataclass(frozen=True)
class Alone:
    """A user's measurement, which shares nothing."""

    number: int
    quantity: ClassVar[str] = "number"

    def compute(self, weights):
        return np.array([self.number, weights.card.layers])


def test_a_measurement_that_shares_nothing_is_worked_out_by_itself():
    backend, shared = load(spec_of(RANDOM)), by_chance()[0]
    requests = [WeightRequest(each) for each in (Alone(3), shared, Alone(4), Alone(3))]
    found = list(worked_out(backend, requests))
    assert [request for request, _ in found] == [requests[0], requests[2], requests[1]]
    assert [scores[0] for _, scores in found[:2]] == [3, 4]


def test_continuations_of_one_length_at_one_site_are_written_together(monkeypatch):
    """Drawn ones too: what a row is drawn with is its own, whatever rows are beside it."""
    planted = steering_model()
    backend, on, site = load(spec_of(planted)), steering_prefixes(), Site(0, "resid_post")
    units = len(on.tokenize(planted.tokenizer))
    rows = np.random.default_rng(1).standard_normal((2, units, backend.card.d_model))
    added = [(site, each.astype(np.float32), str(n)) for n, each in enumerate(rows)]
    several = [Continuations(on, 3, *each, seed) for each in added for seed in (None, 0, 7)]
    several.append(Continuations(on, 3))
    alone = [each.compute(backend) for each in several]
    assert len({each.tobytes() for each in alone}) == len(several)
    calls = counted(monkeypatch, type(backend), "generate")
    found = dict(worked_out(backend, map(WeightRequest, several)))
    assert len(calls) == 3  # the likeliest and the drawn ones at the site, and those without
    for each, expected in zip(several, alone, strict=True):
        np.testing.assert_array_equal(found[WeightRequest(each)], expected)
