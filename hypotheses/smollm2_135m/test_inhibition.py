"""S-inhibition in SmolLM2 135M (Wang et al. 2022, arXiv:2211.00593).

"When Mary and John went to the shop, John gave a ring to": S-inhibition heads read the repeated
name and keep the name movers off it, by what they write into their queries. L23H0 attends to names
from the end, copies and writes the answer (test_name_movers.py); L20H0 costs a logit without
writing any of it (test_indirect_object.py), so that something must read it. Two heads were looked
at on the discovery half: by its path into L23H0's queries L20H0 is worth 0.64 logits there, L17H4
nothing. The bound, 0.2, is that of direct effects.
"""

from circuit_assert import head_inhibits_subject, indirect_effect_is, ioi

PROMPTS = ioi(per_template=2, corruption="abc").half("test")
TWINS = ioi(per_template=1).half("test")


def inhibits(head, name_mover):
    return head_inhibits_subject(head, name_mover, on=TWINS, by=0.2)


def test_L20H0_keeps_L23H0_off_the_subject(smollm2):
    assert inhibits(smollm2["L20H0"], smollm2["L23H0"])


def test_a_head_that_contributes_otherwise_does_not(smollm2):
    assert not inhibits(smollm2["L17H4"], smollm2["L23H0"])


def test_what_others_make_of_L20H0_is_what_it_is_worth(smollm2):
    """Expected of a head that drops the answer by a logit when it is ablated and writes none."""
    assert indirect_effect_is(smollm2["L20H0"], on=PROMPTS, by=0.2, reference="corrupt")
