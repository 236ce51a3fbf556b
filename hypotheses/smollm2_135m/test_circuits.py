"""Circuits and paths for indirect objects in SmolLM2 135M (Wang et al. 2022; Shi et al. 2024).

The prompt's twin says the other name again, so that the answer changes. The heads are those that
drop the answer when ablated (`test_indirect_object.py`), found on one half of the templates; that
few heads are not said to be a circuit, and are tested as one on the other half. Bounds are round
numbers, set before any circuit was run.
"""

import pytest

from circuit_assert import circuit_is_minimal, circuit_is_sufficient, ioi, path_matters

TWINS = ioi(per_template=1).half("test")
HEADS = ["L23H3", "L20H0", "L17H4"]


def test_three_heads_are_not_enough_for_half_of_it(smollm2):
    assert not circuit_is_sufficient(smollm2.circuit(HEADS), on=TWINS, by=0.5)


def test_each_of_three_heads_matters(smollm2):
    assert circuit_is_minimal(smollm2.circuit(HEADS), on=TWINS)


def test_L23H3_writes_the_answer_directly(smollm2):
    assert path_matters(smollm2["L23H3"], to="logits", on=TWINS, by=0.5)


def test_L20H0_does_not(smollm2):
    """It moves the answer and writes none of it."""
    assert not path_matters(smollm2["L20H0"], to="logits", on=TWINS, by=0.1)


@pytest.mark.parametrize("head", ["L18H6", "L17H4"])
def test_earlier_heads_do_not(smollm2, head):
    assert not path_matters(smollm2[head], to="logits", on=TWINS, by=0.1)
