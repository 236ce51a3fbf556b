"""What measuring takes at least, told without a model: never more than it then takes."""

import pytest

from circuit_assert import (
    Session,
    circuit_is_sufficient,
    exactly_these_heads_are,
    head_attends_inductively,
    head_is_induction,
    repeated_tokens,
    some_head_is,
)
from circuit_assert.execution.executor import Executor
from circuit_assert.execution.trunks import Grown
from circuit_assert.forecast import forecast, parameters, tokenizer_at_hand, weight_bytes
from circuit_assert.measurements.outputs import Output
from circuit_assert.models.planted_models import (
    induction_model,
    relay_model,
    relay_prompts,
)
from circuit_assert.models.zoo import GEMMA, SMOLLM2

ON = repeated_tokens(lengths=(4, 5, 6), sequences=12)


@pytest.fixture
def model():
    return Session().model(induction_model())


def test_claims_about_one_set_share_its_passes(model):
    claims = [head_attends_inductively(model[f"L{n}H{n}"], on=ON) for n in range(3)]
    told = forecast([*claims, claims[0]])
    assert (told.claims, told.prompt_sets, told.passes, told.interventions) == (3, 1, 2, 0)
    assert told.rows == 2 * 12
    assert told.open == 0


def test_interventions_are_counted_each(model):
    one, two = (
        forecast([head_is_induction(model[head], on=ON) for head in heads])
        for heads in (["L1H0"], ["L1H0", "L1H1"])
    )
    assert one.passes == two.passes == 2
    assert two.interventions == 2 * one.interventions > 0


def test_it_is_no_more_than_what_a_supported_claim_takes(model, monkeypatch):
    ran = []
    run_items = Executor._run_items

    def counted(self, on, side, items):
        ran.extend((on, side, under) for under, _ in items)
        run_items(self, on, side, items)

    monkeypatch.setattr(Executor, "_run_items", counted)
    claim = head_is_induction(model["L1H0"])
    told = forecast([claim])
    assert claim
    assert told.passes <= len({each for each in ran if each[2] is None})
    assert told.interventions <= len({each for each in ran if each[2] is not None})


def test_families_are_counted_by_their_members(model):
    heads = model.heads(layers=[0, 1])
    some = forecast([some_head_is(head_attends_inductively, heads)])
    exact = forecast(
        [exactly_these_heads_are(head_attends_inductively, model["L1H0"], among=heads)]
    )
    assert (some.prompt_sets, some.passes) == (2, 4)
    assert (exact.prompt_sets, exact.passes) == (1, 2)


@pytest.mark.parametrize(("card", "millions"), [(GEMMA.card, 268), (SMOLLM2.card, 134.5)])
def test_the_zoos_models_have_about_as_many_parameters_as_their_names_say(card, millions):
    blocks, whole = parameters(card)
    assert whole == pytest.approx(millions * 1e6, rel=0.01)
    assert whole - blocks == card.vocabulary * card.d_model
    assert weight_bytes(card, "float32") == 2 * weight_bytes(card, "bfloat16") == 4 * whole


def test_operations_are_those_that_the_engine_counts(model):
    claim = head_attends_inductively(model["L1H0"], on=ON)
    told = forecast([claim], tokenizer_at_hand(model.spec))
    assert told.tokens == 2 * sum(1 + 2 * n for n in (4, 5, 6)) * 4
    assert claim
    done = model.court.work()
    assert told.flops == pytest.approx(done.needed_flops)


def test_blocks_that_random_circuits_share_are_told_once(monkeypatch):
    model = Session().model(relay_model())
    on = relay_prompts(per_template=1)
    claim = circuit_is_sufficient(model.circuit(["L0H0", "L1H0", "L2H0"]), on=on, by=0.5, draws=60)
    told = forecast([claim], tokenizer_at_hand(model.spec))
    assert claim
    assert told.flops <= model.court.work().needed_flops

    monkeypatch.setattr(
        "circuit_assert.forecast.grown", lambda branches, most: Grown({}, (None,) * len(branches))
    )
    assert told.flops < 0.8 * forecast([claim], tokenizer_at_hand(model.spec)).flops


def test_operations_by_hand(model):
    from circuit_assert.execution.cost import flops
    from circuit_assert.measurements import AttentionOverPairs, Loss

    tokenizer = model.spec.planted.tokenizer
    card, prompts = model.card, ON.tokenize(tokenizer)
    lengths = [len(row) for row in prompts.tokens["clean"]]
    tokens, squares = sum(lengths), sum(n * n for n in lengths)
    attention = 4 * card.d_model * card.d_head * card.heads * tokens
    attention += 2 * card.heads * card.d_head * squares
    mlp = 2 * card.d_model * card.d_mlp
    read = sum(min(8, len(t)) for t in prompts.targets["clean"])
    vocabulary = read * card.d_model * card.vocabulary
    assert flops(card, tokenizer, prompts, "clean", [Loss()], start=1) == 2 * (
        2 * attention + mlp * (tokens + read) + vocabulary
    )
    pattern = AttentionOverPairs("induction")
    assert flops(card, tokenizer, prompts, "clean", [pattern]) == 2 * (
        3 * attention + 2 * mlp * tokens
    )


class _Everything(Output):
    """Of all that leaves the last block, and of no logit."""


def test_all_logits_by_hand(model):
    from circuit_assert.execution.cost import flops
    from circuit_assert.measurements.distributions import Entropy, FinalScale, LogRank
    from circuit_assert.measurements.lens import LensOfAnswers
    from circuit_assert.measurements.outputs import CentredLogit, LargestLogit

    card, tokenizer = model.card, model.spec.planted.tokenizer
    prompts = ON.tokenize(tokenizer)
    targets = prompts.targets["clean"]
    after_the_first = sum(sum(place > 0 for place, _ in of_unit[:9]) for of_unit in targets)
    tokens = sum(len(row) for row in prompts.tokens["clean"])
    one = 2 * card.d_model * card.vocabulary

    def beyond(*some, other):
        return flops(card, tokenizer, prompts, "clean", some) - flops(
            card, tokenizer, prompts, "clean", [other]
        )

    scale, end = FinalScale(), CentredLogit()
    assert all(len(of_unit) <= 9 for of_unit in targets)
    assert beyond(Entropy(), other=scale) == one * after_the_first
    assert beyond(Entropy(), LogRank(), scale, other=scale) == one * after_the_first
    assert beyond(LargestLogit(), other=_Everything()) == one * tokens

    tokenizer, card = relay_model().tokenizer, relay_model().card
    prompts = relay_prompts().tokenize(tokenizer)
    one = 2 * card.d_model * card.vocabulary
    assert beyond(LensOfAnswers(), end, other=end) == one * len(prompts) * card.layers


def test_without_a_tokenizer_tokens_are_not_counted(model):
    told = forecast([head_attends_inductively(model["L1H0"], on=ON)])
    assert told.tokens is told.flops is None
