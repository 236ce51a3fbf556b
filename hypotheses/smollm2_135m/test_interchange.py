"""Which name to say, as a variable, in SmolLM2 135M (Geiger et al. 2021, arXiv:2106.02997).

The causal model: the answer is the name that is said once. Twins of one kind say the other name
twice, so that the answer is the other one; twins of the other kind give another thing away, and the
answer stays. On the discovery half the model says the answer to 62 % of the prompts, over all
tokens; with the heads of L17–L24 at the last token from the twin it said the twin's name to 60 %,
with one of its heads alone to 12 % at most. The bound is two in five.
"""

import re
from dataclasses import replace

import pytest

from circuit_assert import interchange_predicts_answers, ioi

TWINS = ioi(per_template=1).half("test")
LAYERS = range(17, 25)


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


@pytest.mark.open_claim(
    "it says 56 % of the answers on this half, which may be fewer than the bound"
)
def test_the_upper_middle_layers_hold_it(smollm2):
    assert holds_the_name(smollm2.heads(layers=LAYERS))
