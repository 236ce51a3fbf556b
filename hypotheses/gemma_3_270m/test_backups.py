"""Do heads stand in for the head behind indirect objects in Gemma 3 270M? (Wang et al. 2022, §3.4)

L11H3 carries a fifth of the logit difference. L13H3 and L17H2 attend from the end to the indirect
object, and write there after it: the places to look for backups, named before looking. Tested on
the half of the templates on which none of these heads was found.
"""

from circuit_assert import heads_back_up, ioi

PROMPTS = ioi(per_template=2, corruption="abc").half("test")


def stands_in(backups, heads):
    return heads_back_up(heads, backups, on=PROMPTS, by=0.3, reference="corrupt")


def test_L13H3_stands_in_for_L11H3(gemma):
    assert stands_in(gemma["L13H3"], gemma["L11H3"])


def test_L17H2_does_not(gemma):
    """It was named as a backup, too; but it works against the answer, with L11H3 and without."""
    assert not stands_in(gemma["L17H2"], gemma["L11H3"])
