"""What adding a direction makes Gemma write (Bricken et al. 2023, Towards Monosemanticity).

The direction leads from English messages to the same messages in another language, at their last
token; the largest projection of the messages on it is its natural strength. On beginnings of the
discovery half of the documents two sites, two languages and two strengths were looked at: at L9 the
direction to Chinese writes Han characters, that to Russian at L13 Cyrillic ones; at L9 the
direction to Russian writes Chinese. At twice the strength much of what is written repeats itself.
"""

import json
from pathlib import Path

import pytest

from circuit_assert import PromptSet, ScriptShare, plain_text, steering_makes_output
from circuit_assert.prompts.beginnings import Beginnings

MESSAGES = PromptSet.from_list(
    json.loads((Path(__file__).parent / "dictionary/messages.json").read_text(encoding="utf-8")),
    name="messages",
    cluster_by="document",
).half("discovery")
HAN, CYRILLIC = ScriptShare("Han"), ScriptShare("Cyrillic")
PREFIXES = Beginnings(plain_text().half("test"), rows=tuple(range(24)), length=8)


def steers(gemma, language, site, output, versus):
    direction = gemma.direction(
        MESSAGES.where(language=language), versus=MESSAGES.where(language="en"), at=site
    )
    return steering_makes_output(
        direction, output, on=PREFIXES, by=0.2, versus=versus, strength=1.0, tokens=10
    )


def test_the_direction_to_Chinese_writes_Han(gemma):
    assert steers(gemma, "zh", "L9.resid_post", HAN, CYRILLIC)


@pytest.mark.open_claim(
    "it does after 18 of 24 prefixes, which do not settle that it does after most"
)
def test_the_direction_to_Russian_writes_Cyrillic_at_a_later_site(gemma):
    assert steers(gemma, "ru", "L13.resid_post", CYRILLIC, HAN)


def test_the_direction_to_Russian_does_not_at_an_earlier_site(gemma):
    assert not steers(gemma, "ru", "L9.resid_post", CYRILLIC, HAN)
