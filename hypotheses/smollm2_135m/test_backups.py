"""Do heads stand in for those behind indirect objects in SmolLM2 135M? (Wang et al. 2022, §3.4)

L20H0 and L23H3 contribute to the logit difference. L24H4 attends from the end to the indirect
object, and writes there after them: the place to look for a backup, named before looking. Tested on
the half of the templates on which none of these heads was found.
"""

import pytest

from circuit_assert import heads_back_up, ioi

PROMPTS = ioi(per_template=2, corruption="abc").half("test")


def stands_in(backups, heads):
    return heads_back_up(heads, backups, on=PROMPTS, by=0.3, reference="corrupt")


def test_L24H4_stands_in_for_both(smollm2):
    assert stands_in(smollm2["L24H4"], smollm2["L20H0", "L23H3"])


@pytest.mark.open_claim("what rests on it without L23H3 alone lies astride the bound")
def test_L24H4_stands_in_for_L23H3(smollm2):
    assert stands_in(smollm2["L24H4"], smollm2["L23H3"])
