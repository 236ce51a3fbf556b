"""How many heads of Gemma 3 270M carry indirect objects? (Wang et al. 2022, arXiv:2211.00593)

Of absolute effects of single heads on the logit difference. Bounds were set before anything was
looked at: noise alone has a Gini coefficient of 0.41. Total effects are those of the later half of
the heads, where a run is short.
"""

import pytest

from circuit_assert import effect_is_localized, ioi

PROMPTS = ioi(per_template=1, corruption="abc").half("test")


def test_few_heads_write_the_answer(gemma):
    assert effect_is_localized(gemma.heads(), on=PROMPTS, by=0.6, effects="direct")


@pytest.mark.open_claim("24 templates leave the share of ten heads astride nine tenths")
def test_ten_heads_do_not_write_nine_tenths_of_it(gemma):
    assert not effect_is_localized(
        gemma.heads(), on=PROMPTS, by=0.14, statistic="n90", effects="direct"
    )


def test_few_of_the_later_heads_have_most_of_the_effect(gemma):
    later = gemma.heads(layers=range(10, 18))
    assert effect_is_localized(later, on=PROMPTS, by=0.5, reference="corrupt")
