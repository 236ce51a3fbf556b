"""What a head stands for in indirect object identification in SmolLM2 135M, by causal scrubbing.

"When Mary and John went to the shop, John gave a ring to" is answered with " Mary". L23H3, which
the answer needs and which writes to it directly (test_indirect_object.py), has its activation
exchanged among prompts of a template that agree on the name that is asked for (IO) or on the one
that is said twice (S2); all other heads run on. One level of scrubbing (Chan et al. 2022), on
prompts in the order ABBA, three names for each template. Both features were tried on the discovery
half of the templates, where keeping S2 kept the whole score and keeping IO half of it. The name
that is said twice is also the foil: a head that writes against it stands for it.
"""

from circuit_assert import circuit_survives_scrubbing, ioi

PROMPTS = (
    ioi(per_template=6, names=3)
    .half("test")
    .where(lambda prompt: prompt.clusters["order"] == "ABBA")
)


def scrubbed(model, head, feature):
    circuit = model.circuit([f"L{layer}H{n}" for layer in range(30) for n in range(9)])
    return circuit_survives_scrubbing(
        circuit, on=PROMPTS, by=0.9, correspondence={head: feature}, draws=3
    )


def test_L23H3_stands_for_the_name_that_is_said_twice(smollm2):
    assert scrubbed(smollm2, "L23H3", "S2")


def test_L23H3_does_not_stand_for_the_name_that_is_asked_for(smollm2):
    assert not scrubbed(smollm2, "L23H3", "IO")
