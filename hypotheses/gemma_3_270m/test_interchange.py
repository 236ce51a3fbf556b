"""Which name to say, as a variable, in Gemma 3 270M (Geiger et al. 2021, arXiv:2106.02997).

The causal model: the answer is the name that is said once. Twins of one kind say the other name
twice, so that the answer is the other one; twins of the other kind give another thing away, and the
answer stays. On the discovery half the model says the answer to 81 % of the prompts, over all
tokens; with the heads of L10–L15 at the last token from the twin it said the twin's name to 79 %,
with L11H3, which moves the name (test_name_movers.py), to 8 %. The bound is two in five.
"""

import re
from dataclasses import replace

import pytest

from circuit_assert import interchange_predicts_answers, ioi

TWINS = ioi(per_template=1).half("test")
LAYERS = range(10, 16)


def other_things(prompts):
    """The same prompts, whose twins give another thing away to the same person."""
    things = sorted({given(prompt.text) for prompt in prompts})
    other = dict(zip(things, things[1:] + things[:1], strict=True))
    twins = [
        replace(
            prompt,
            corrupt=re.sub(
                rf"{given(prompt.text)}(?= to$)", other[given(prompt.text)], prompt.text
            ),
        )
        for prompt in prompts
    ]
    return replace(prompts, name="ioi, other things", prompts=tuple(twins))


def given(text):
    return text.split()[-2]


def holds_the_name(component):
    return interchange_predicts_answers(
        component, on=TWINS, agreeing=other_things(TWINS), by=0.4, at="end"
    )


@pytest.mark.open_claim("with another thing given away it still says the name to 56 %: too few")
def test_the_heads_of_the_upper_middle_layers_hold_it(gemma):
    assert holds_the_name(gemma.heads(layers=LAYERS))


def test_the_name_mover_does_not_hold_it_alone(gemma):
    assert not holds_the_name(gemma["L11H3"])
