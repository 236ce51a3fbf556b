import re
import unicodedata
from collections import Counter, defaultdict

import pytest

from circuit_assert.errors import PromptError
from circuit_assert.prompts.antonyms import (
    LANGUAGES,
    Words,
    antonyms,
    balanced,
    cognates,
    synonyms,
    vocabulary,
)

OPERATIONS = [antonyms, synonyms]
both = pytest.mark.parametrize("operation", OPERATIONS)
every_language = pytest.mark.parametrize("language", LANGUAGES)


def contains(text: str, word: str, language: str) -> bool:
    """Whether a text has a word in it: between boundaries, or anywhere where there are none."""
    if language in ("zh", "ja"):
        return word in text
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) is not None


def test_contains_can_say_yes_and_no():
    assert contains("it is Old now", "old", "en")
    assert not contains("it is cold now", "old", "en")
    assert contains("大家", "大", "zh")


def test_seven_languages_have_the_same_concepts_in_the_same_order():
    concepts = [list(vocabulary(language).concepts) for language in LANGUAGES]
    assert len(concepts) == 7
    assert all(c == concepts[0] for c in concepts)
    assert len(concepts[0]) >= 30


def test_a_concept_is_named_by_its_english_word():
    assert all(concept == words.word for concept, words in vocabulary("en").concepts.items())


@every_language
def test_there_are_enough_templates_and_none_comes_twice(language):
    known = vocabulary(language)
    templates = known.antonym + known.synonym
    assert len(known.antonym) == len(known.synonym) >= 8
    assert len(set(templates)) == len(templates)
    assert all(t.count("{word}") == 1 for t in templates)


@every_language
def test_templates_end_behind_an_opening_quotation_mark(language):
    mark = {"zh": "“", "ja": "「"}.get(language, ' "')
    known = vocabulary(language)
    assert all(t.endswith(mark) for t in known.antonym + known.synonym)


@every_language
def test_templates_of_the_two_operations_are_not_one_word_apart(language):
    known = vocabulary(language)
    twins = [
        (a, s)
        for a in known.antonym
        for s in known.synonym
        if len(a.split()) == len(s.split()) > 3
        and sum(x != y for x, y in zip(a.split(), s.split(), strict=True)) == 1
    ]
    assert len(twins) < len(known.antonym) / 2


@every_language
def test_words_are_three_different_ones_and_no_concept_asks_about_another_ones_word(language):
    concepts = vocabulary(language).concepts
    assert all(len(set(words)) == 3 for words in concepts.values())
    assert max(Counter(words.word for words in concepts.values()).values()) == 1


@every_language
def test_words_are_clean_and_composed(language):
    for words in vocabulary(language).concepts.values():
        for word in words:
            assert word == word.strip() == unicodedata.normalize("NFC", word)
            assert '"' not in word


@pytest.mark.parametrize("language", ["zh", "ja"])
def test_a_word_is_not_answered_by_its_own_first_character(language):
    for words in vocabulary(language).concepts.values():
        assert words.word[0] not in (words.antonym[0], words.synonym[0])
        assert words.antonym[0] != words.synonym[0]


@both
@every_language
def test_no_prompt_gives_its_answer_or_its_foil_away(operation, language):
    leaks = [
        (p.text, w)
        for p in operation(language)
        for w in (p.answer, p.foil)
        if contains(p.text, w, language)
    ]
    assert leaks == []


def test_the_operations_swap_answer_and_foil():
    for operation, (right, wrong) in zip(
        OPERATIONS, [("antonym", "synonym"), ("synonym", "antonym")], strict=True
    ):
        for prompt in operation():
            words = vocabulary(prompt.language).concepts[prompt.clusters["concept"]]
            assert prompt.answer == getattr(words, right)
            assert prompt.foil == getattr(words, wrong)


@both
def test_the_default_is_the_full_cross_in_every_language(operation):
    prompts = operation()
    assert prompts.languages == LANGUAGES
    assert prompts.cluster_by == ("concept", "template")
    concepts, templates = len(vocabulary("en").concepts), len(vocabulary("en").antonym)
    assert len(prompts) == 7 * concepts * templates
    assert len({p.text for p in prompts}) == len(prompts)
    cells = Counter((p.clusters["concept"], p.clusters["template"]) for p in prompts)
    assert set(cells.values()) == {1}


@both
def test_template_ids_say_operation_and_language(operation):
    for prompt in operation("de", "ja"):
        kind, language, number = prompt.clusters["template"].split("/")
        assert kind == operation.__name__[:-1]
        assert language == prompt.language
        assert 1 <= int(number) <= 20


@both
@pytest.mark.parametrize("chosen", [1, 2, 3, 8])
def test_a_thinned_set_keeps_every_level_equally_often(operation, chosen):
    prompts = operation("fr", per_concept=chosen)
    templates = Counter(p.clusters["template"] for p in prompts)
    concepts = Counter(p.clusters["concept"] for p in prompts)
    assert len(templates) == 20
    assert set(templates.values()) == {2 * chosen}
    assert set(concepts.values()) == {chosen}


@pytest.mark.parametrize(("units", "levels", "chosen"), [(40, 10, 2), (40, 56, 8), (30, 8, 3)])
def test_a_balanced_part_hangs_together(units, levels, chosen):
    parts = [set(balanced(i, units, levels, chosen)) for i in range(units)]
    used = Counter(level for part in parts for level in part)
    assert len(used) == levels
    assert max(used.values()) - min(used.values()) <= 1
    reached: set[int] = parts[0]
    for _ in parts:
        reached = reached.union(*(part for part in parts if part & reached))
    assert len(reached) == levels


def test_the_position_of_the_word_is_the_slot_and_not_an_earlier_look_alike():
    for operation in OPERATIONS:
        for prompt in operation():
            known = vocabulary(prompt.language)
            kind, _, number = prompt.clusters["template"].split("/")
            template = getattr(known, kind)[int(number) - 1]
            piece = prompt.positions["word"]
            assert (
                piece
                == template.split("{word}")[0] + known.concepts[prompt.clusters["concept"]].word
            )
            assert prompt.text.rindex(piece) == 0


def test_cognates_are_marked():
    assert cognates("en") == cognates("zh") == cognates("ja") == ()
    assert {"artificial", "humble", "temporary"} <= set(cognates("fr"))
    assert not {"small", "cold", "strong"} & set(cognates("fr"))
    marks: defaultdict[str, set[str]] = defaultdict(set)
    for prompt in antonyms("en", "fr"):
        marks[prompt.language].add(prompt.clusters["cognate"])
    assert marks == {"en": {"no"}, "fr": {"yes", "no"}}


@every_language
def test_enough_concepts_are_left_without_cognates(language):
    assert len(vocabulary(language).concepts) - len(cognates(language)) >= 8


def test_roots_of_the_operation_words_are_marked():
    roots: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for operation in OPERATIONS:
        for prompt in operation(per_concept=1):
            roots[prompt.language][prompt.clusters["template"]] = prompt.clusters["root"]
    assert roots["fr"]["antonym/fr/1"] == roots["it"]["antonym/it/1"] == "contrary"
    assert roots["es"]["antonym/es/3"] == roots["en"]["antonym/en/1"] == "opposite"
    assert roots["de"]["antonym/de/1"] == "none"
    assert roots["de"]["synonym/de/1"] == "synonym"
    assert set(roots["zh"].values()) == set(roots["ja"].values()) == {"none"}


def test_languages_are_chosen_in_the_order_given_and_once():
    assert antonyms("it", "en", "it").languages == ("it", "en")


def test_builds_are_equal():
    assert antonyms("en").fingerprint == antonyms("en").fingerprint
    assert antonyms("en").fingerprint != synonyms("en").fingerprint


def test_an_unknown_language_is_refused_with_the_known_ones():
    with pytest.raises(PromptError, match=r"no words in 'xx'.*en, fr, es, de, it, zh, ja"):
        antonyms("en", "xx")


@pytest.mark.parametrize("chosen", [0, 21])
def test_an_impossible_number_of_templates_is_refused(chosen):
    with pytest.raises(PromptError, match=f"per_concept is {chosen}: there are 1 to 20"):
        synonyms("en", per_concept=chosen)


def test_words_read_as_documented():
    assert vocabulary("fr").concepts["small"] == Words("petit", "grand", "minuscule")
