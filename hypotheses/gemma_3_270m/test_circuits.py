"""Circuits for indirect objects in Gemma 3 270M (methods of Wang et al. 2022; Shi et al. 2024).

The prompt's twin says the other name again ("When Mary and John went …, Mary gave a ring to"), so
that the answer changes. Heads were ranked by what patching each from the twin drops on one half of
the templates; circuits of the first heads of that ranking are tested on the other half. MLPs stay
as they are. On the half that ranked them, five heads alone recovered 61 % of what all heads take,
ten heads 92 %, fifteen 95 %, and without the ten 78 % was lost: bounds were set a little below.
"""

import pytest

from circuit_assert import (
    circuit_is_complete,
    circuit_is_faithful,
    circuit_is_minimal,
    circuit_is_necessary,
    circuit_is_sufficient,
    circuits_are_equivalent,
    ioi,
    path_matters,
    ranking_recovers,
)

TWINS = ioi(per_template=1).half("test")
RANKED = ["L11H3", "L15H1", "L17H2", "L15H3", "L15H2", "L10H3", "L15H0", "L12H1", "L5H2", "L17H0"]
RANKED_FURTHER = [*RANKED, "L9H3", "L11H1", "L13H3", "L5H3", "L9H0", "L10H0", "L17H1", "L13H0"]
SIZES = [3, 5, 10, 18]  # heads of that ranking; it goes no further
DRAWS = 60  # random circuits: all of them have to do less well, or nearly


@pytest.mark.open_claim("86 % on this half: 24 templates leave the interval astride 80 %")
def test_ten_heads_are_enough_for_most_of_it(gemma):
    circuit = gemma.circuit(RANKED)
    assert circuit_is_sufficient(circuit, on=TWINS, by=0.8, draws=DRAWS)


@pytest.mark.open_claim("86 % on this half: 24 templates leave the interval astride 80 %")
def test_ten_heads_are_faithful_within_a_fifth(gemma):
    circuit = gemma.circuit(RANKED)
    assert circuit_is_faithful(circuit, on=TWINS, within=0.2, draws=DRAWS)


@pytest.mark.open_claim("72 % is lost; 60 random circuits do not show that nine in ten take less")
def test_without_them_half_is_lost(gemma):
    circuit = gemma.circuit(RANKED)
    assert circuit_is_necessary(circuit, on=TWINS, by=0.5, draws=DRAWS)


def test_five_heads_are_not_enough(gemma):
    assert not circuit_is_sufficient(gemma.circuit(RANKED[:5]), on=TWINS, by=0.8)


def test_the_other_five_are_not_as_good(gemma):
    first, last = gemma.circuit(RANKED[:5]), gemma.circuit(RANKED[5:])
    assert not circuits_are_equivalent(first, last, on=TWINS, within=0.2)


def test_each_of_five_matters(gemma):
    assert circuit_is_minimal(gemma.circuit(RANKED[:5]), on=TWINS)


def test_ten_heads_are_not_complete(gemma):
    """What is taken out of the circuit, heads outside of it make up for in the whole model."""
    assert not circuit_is_complete(gemma.circuit(RANKED), on=TWINS, within=0.1, halves=4)


@pytest.mark.parametrize("receiver", ["logits"])
def test_L11H3_writes_to(gemma, receiver):
    assert path_matters(gemma["L11H3"], to=receiver, on=TWINS, by=0.5)


@pytest.mark.parametrize("head", ["L2H3", "L5H1"])
def test_heads_of_other_mechanisms_do_not(gemma, head):
    assert not path_matters(gemma[head], to="logits", on=TWINS, by=0.1)


def test_the_ranking_recovers_most_of_it(gemma):
    """By CMD. With 0.61, 0.92 and 0.95 at five, ten and fifteen heads it would be about 0.09."""
    assert ranking_recovers(gemma.ranking(RANKED_FURTHER), on=TWINS, within=0.2, sizes=SIZES)


def test_the_other_way_round_it_does_too(gemma):
    """Expected to be denied, and is not: all 18 recover 0.95, and from 18 heads on it is all one.

    Three quarters of the axis lie beyond them. CMD says little of which heads come first.
    """
    assert ranking_recovers(gemma.ranking(RANKED_FURTHER[::-1]), on=TWINS, within=0.2, sizes=SIZES)
