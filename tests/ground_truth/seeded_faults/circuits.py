"""Faults in which paths are patched, what circuits are compared with, and what shares are of."""

from dataclasses import replace

import numpy as np

from circuit_assert import circuit_is_sufficient, circuit_survives_scrubbing, path_matters
from circuit_assert.circuits import Circuit
from circuit_assert.claims.circuits import faithfulness
from circuit_assert.claims.ratios import ShareOf
from circuit_assert.execution.paths import PathRows
from circuit_assert.execution.store import Store
from circuit_assert.models.planted_models import (
    inhibiting_model,
    inhibiting_prompts,
    lookup_model,
    lookup_prompts,
    relay_model,
    relay_prompts,
)
from circuit_assert.session import Session
from circuit_assert.stats import Verdict

RELAYS, GROUPED = relay_model(), relay_model(grouped_queries=True)
SHARED_BY = GROUPED.card.heads // GROUPED.card.kv_heads
DECOY = "planted truth: a decoy is supported"
REFUTED = "planted truth: the true instance is refuted"


def _path(sender, to, planted=RELAYS):
    model = Session().model(planted)
    return path_matters(model[sender], to=to, on=relay_prompts(per_template=2), by=2.0).check()


def path_to_the_logits():
    return _path("L1H0", "logits")


def path_to_queries_that_read_nothing():
    return _path("L0H0", "L1H0.q")


def path_to_a_head_that_shares_its_keys_and_is_not_read():
    return _path("L0H0", "L1H1.k", GROUPED)


def _sufficient(nodes, on, **arguments):
    circuit = Session().model(lookup_model()).circuit(nodes)
    return circuit_is_sufficient(circuit, on=on, by=0.8, **arguments).check()


def circuit_that_is_better_than_nineteen_in_twenty():
    """Of 27 others one is as good."""
    return _sufficient(["L1H0", "L1H2"], lookup_prompts(per_template=2), better_than=0.95)


def circuit_on_prompts_of_which_some_have_themselves_for_twins():
    every = lookup_prompts(per_template=4)
    same = [
        replace(prompt, corrupt=prompt.text) if number % 4 == 0 else prompt
        for number, prompt in enumerate(every)
    ]
    return _sufficient(["L1H0", "L1H2"], replace(every, prompts=tuple(same)))


def circuit_whose_nodes_stand_for_names():
    circuit = Session().model(inhibiting_model()).circuit(["L0H0", "L1H0"])
    return circuit_survives_scrubbing(
        circuit,
        on=inhibiting_prompts(names=4, per_template=12),
        by=0.6,
        correspondence={"L0H0": "S2", "L1H0": "answer"},
        draws=4,
    ).check()


def adds_the_change_of_a_sender_where_it_is_to_be_taken_off(monkeypatch):
    right = PathRows._change
    monkeypatch.setattr(PathRows, "_change", lambda self, *given: -right(self, *given))


def patches_the_keys_where_the_queries_are_meant(monkeypatch):
    right = PathRows._alike

    def wrong(self, layer):
        return {(k, q, v): heads for (q, k, v), heads in right(self, layer).items()}

    monkeypatch.setattr(PathRows, "_alike", wrong)


def lets_all_heads_of_a_group_read_the_patched_stream(monkeypatch):
    right = PathRows._alike

    def wrong(self, layer):
        return {
            senders: sorted({h - h % SHARED_BY + n for h in heads for n in range(SHARED_BY)})
            for senders, heads in right(self, layer).items()
        }

    monkeypatch.setattr(PathRows, "_alike", wrong)


def compares_the_circuit_with_itself_too(monkeypatch):
    right = faithfulness.random_circuits

    def wrong(circuit: Circuit, *given, **named):
        controls = right(circuit, *given, **named)
        return replace(controls, circuits=(circuit, *controls.circuits))

    monkeypatch.setattr(faithfulness, "random_circuits", wrong)


def divides_by_the_denominator_of_each_prompt(monkeypatch):
    right = ShareOf.measured

    def wrong(self, scores):
        part, whole = (each.measured(scores).values for each in (self.part, self.whole))
        with np.errstate(divide="ignore", invalid="ignore"):
            return replace(right(self, scores), values=part / whole)

    monkeypatch.setattr(ShareOf, "measured", wrong)


def resamples_from_prompts_that_do_not_agree(monkeypatch):
    right = Store.donors
    monkeypatch.setattr(Store, "donors", lambda self, on, feature: right(self, on, None))


SOUND = {
    path_to_the_logits: Verdict.SUPPORTED,
    path_to_queries_that_read_nothing: Verdict.INCONCLUSIVE,
    path_to_a_head_that_shares_its_keys_and_is_not_read: Verdict.INCONCLUSIVE,
    circuit_that_is_better_than_nineteen_in_twenty: Verdict.SUPPORTED,
    circuit_on_prompts_of_which_some_have_themselves_for_twins: Verdict.SUPPORTED,
    circuit_whose_nodes_stand_for_names: Verdict.SUPPORTED,
}
FAULTS = {
    adds_the_change_of_a_sender_where_it_is_to_be_taken_off: (
        path_to_the_logits,
        REFUTED,
        "no part",
    ),
    patches_the_keys_where_the_queries_are_meant: (
        path_to_queries_that_read_nothing,
        DECOY,
        "above",
    ),
    lets_all_heads_of_a_group_read_the_patched_stream: (
        path_to_a_head_that_shares_its_keys_and_is_not_read,
        DECOY,
        "above",
    ),
    compares_the_circuit_with_itself_too: (
        circuit_that_is_better_than_nineteen_in_twenty,
        "guard: random circuits",
        "less",
    ),
    divides_by_the_denominator_of_each_prompt: (
        circuit_on_prompts_of_which_some_have_themselves_for_twins,
        "engine: there is no effect to judge",
        "not finite",
    ),
    resamples_from_prompts_that_do_not_agree: (
        circuit_whose_nodes_stand_for_names,
        REFUTED,
        "no part",
    ),
}
