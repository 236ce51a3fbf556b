"""Prompts that say what should be answered once something is swapped."""

import pytest

from circuit_assert import answered_as, antonyms, both_ways, other_operands, synonyms
from circuit_assert.errors import PromptError
from circuit_assert.prompts.antonyms import vocabulary


def test_foils_are_the_answers_in_the_other_language():
    on = answered_as(antonyms("fr", per_concept=2), antonyms("en", per_concept=1))
    small = [p for p in on if p.clusters["concept"] == "small"]
    assert {(p.answer, p.foil, p.language) for p in small} == {("grand", "big", "fr")}
    assert all(p.answer != p.foil for p in on)


def test_nothing_left_is_refused():
    with pytest.raises(PromptError, match="another answer"):
        answered_as(antonyms("fr", per_concept=1), antonyms("fr", per_concept=1))


def test_donors_are_each_others_in_every_language():
    on = other_operands(antonyms("fr", "zh", per_concept=2))
    for language in ("fr", "zh"):
        own = [p for p in on if p.language == language]
        donors = {p.clusters["concept"]: p.clusters["donor"] for p in own}
        assert all(donors[donor] == concept != donor for concept, donor in donors.items())
        assert len(donors) >= 38
        words = vocabulary(language).concepts
        for prompt in own:
            assert prompt.answer == words[prompt.clusters["concept"]].antonym
            assert prompt.foil == words[prompt.clusters["donor"]].antonym
        pairs = {p.clusters["pair"] for p in own}
        assert len(pairs) == len(donors) / 2 >= 16


def test_both_ways_every_word_is_answer_and_foil_as_often():
    on = both_ways(antonyms("de", per_concept=3), synonyms("de", per_concept=3))
    assert {p.clusters["way"] for p in on} == {"there", "back"}
    cells = {}
    for prompt in on:
        cell = prompt.clusters["concept"], prompt.clusters["templates"]
        cells.setdefault(cell, []).append((prompt.answer, prompt.foil))
    assert len(cells) == 120
    assert all(first == second[::-1] for first, second in cells.values())
