"""How many heads of SmolLM2 135M write indirect objects? (Wang et al. 2022, arXiv:2211.00593)

Of absolute direct effects of single heads on the logit difference. Bounds were set before anything
was looked at: noise alone has a Gini coefficient of 0.41. Total effects take a run for each of 270
heads and are left out.
"""

import pytest

from circuit_assert import effect_is_localized, ioi

PROMPTS = ioi(per_template=1, corruption="abc").half("test")


@pytest.mark.open_claim("what noise could feign among 270 heads is not beyond the bound")
def test_few_heads_write_the_answer(smollm2):
    assert effect_is_localized(smollm2.heads(), on=PROMPTS, by=0.6, effects="direct")


@pytest.mark.open_claim("noise counted either way, the share lies on both sides of nine tenths")
def test_a_tenth_of_the_heads_do_not_write_nine_tenths_of_it(smollm2):
    assert not effect_is_localized(
        smollm2.heads(), on=PROMPTS, by=0.1, statistic="n90", effects="direct"
    )
