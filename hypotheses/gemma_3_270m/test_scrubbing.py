"""What heads stand for in indirect object identification in Gemma 3 270M, by causal scrubbing.

"When Mary and John went to the shop, John gave a ring to" is answered with " Mary". Two heads that
the answer needs (test_indirect_object.py) have their activations exchanged among prompts of a
template that agree on the name that is asked for (IO) or on the one that is said twice (S2); all
other heads run on. One level of scrubbing (Chan et al. 2022), on prompts in the order ABBA, three
names for each template. Both features were tried on the discovery half of the templates, where
keeping S2 kept the whole score for both heads and keeping IO half of it for L11H3: so it is the
repeated name that these heads pass on, as those of S-inhibition do.
"""

import pytest

from circuit_assert import circuit_survives_scrubbing, ioi

PROMPTS = (
    ioi(per_template=6, names=3)
    .half("test")
    .where(lambda prompt: prompt.clusters["order"] == "ABBA")
)


def scrubbed(model, head, feature):
    circuit = model.circuit([f"L{layer}H{n}" for layer in range(18) for n in range(4)])
    return circuit_survives_scrubbing(
        circuit, on=PROMPTS, by=0.9, correspondence={head: feature}, draws=3
    )


@pytest.mark.parametrize("head", ["L11H3", "L10H3"])
def test_it_stands_for_the_name_that_is_said_twice(gemma, head):
    assert scrubbed(gemma, head, "S2")


def test_L11H3_does_not_stand_for_the_name_that_is_asked_for(gemma):
    assert not scrubbed(gemma, "L11H3", "IO")
