"""Circuits for indirect objects in SmolLM2 135M (methods of Wang et al. 2022; Shi et al. 2024).

As for Gemma 3 270M: the prompt's twin says the other name again, so that the answer changes, and
heads were ranked by what patching each from the twin drops on one half of the templates. MLPs stay
as they are. On the half that ranked them, three heads alone recovered 82 % of what all heads take
(99 % interval 71 to 95 %), seven heads 99 % (84 to 113 %), and without the seven 106 % was lost
(92 to 119 %): more than all, so that the other name is preferred. Bounds were set below that. Here
each template has one prompt, in which the names come in the order ABBA.
"""

import pytest

from circuit_assert import (
    circuit_is_minimal,
    circuit_is_necessary,
    circuit_is_sufficient,
    circuits_are_equivalent,
    ioi,
    path_matters,
)

TWINS = ioi(per_template=1).half("test").where(lambda prompt: prompt.clusters["order"] == "ABBA")
RANKED = ["L23H3", "L20H0", "L29H1", "L17H4", "L19H2", "L23H7", "L23H0"]
DRAWS = 44  # random circuits: as few as can show that nine in ten do less well


def test_three_heads_are_enough_for_half_of_it(smollm2):
    assert circuit_is_sufficient(smollm2.circuit(RANKED[:3]), on=TWINS, by=0.5, draws=DRAWS)


def test_without_seven_most_is_lost(smollm2):
    assert circuit_is_necessary(smollm2.circuit(RANKED), on=TWINS, by=0.7, draws=DRAWS)


@pytest.mark.open_claim("L20H0 loses 0.4 % in a circuit of three: what reads it is not in there")
def test_each_of_three_matters(smollm2):
    """L20H0 works through L23H0 (test_inhibition.py), which is the seventh of the ranking."""
    assert circuit_is_minimal(smollm2.circuit(RANKED[:3]), on=TWINS)


def test_the_other_four_are_not_as_good(smollm2):
    first, last = smollm2.circuit(RANKED[:3]), smollm2.circuit(RANKED[3:])
    assert not circuits_are_equivalent(first, last, on=TWINS, within=0.2)


def test_L23H3_writes_to_the_logits(smollm2):
    assert path_matters(smollm2["L23H3"], to="logits", on=TWINS, by=0.5)


def test_an_induction_head_does_not(smollm2):
    assert not path_matters(smollm2["L18H6"], to="logits", on=TWINS, by=0.1)
