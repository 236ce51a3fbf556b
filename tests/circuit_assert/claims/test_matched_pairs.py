import pytest

from circuit_assert import PromptSet, antonyms, synonyms, unrelated
from circuit_assert.claims.matched_pairs import (
    conditions,
    content_tokens,
    languages_of,
    matched_pairs,
    script,
)
from circuit_assert.errors import ClaimError
from circuit_assert.models.planted import PlantedTokenizer
from circuit_assert.prompts.operations import initials, rhymes

BOTH = (antonyms, synonyms)


def halves(pairs):
    prompts = pairs.prompts.prompts
    return prompts[: pairs.size], prompts[pairs.size :]


def test_a_pair_is_one_concept_in_templates_of_one_number():
    pairs = matched_pairs(BOTH, "fr", 3)
    for toward, away in zip(*halves(pairs), strict=True):
        assert toward.clusters["concept"] == away.clusters["concept"]
        assert toward.clusters["template"].split("/") == [
            "antonym",
            "fr",
            away.clusters["template"].split("/")[2],
        ]
        assert away.clusters["template"].startswith("synonym/fr/")
        assert (toward.answer, toward.foil) == (away.foil, away.answer)


def test_a_thinned_cross_keeps_every_concept_and_template_equally_often():
    toward, _ = halves(matched_pairs(BOTH, "es", 3))
    concepts = [p.clusters["concept"] for p in toward]
    templates = [p.clusters["template"] for p in toward]
    assert {concepts.count(c) for c in concepts} == {3}
    assert {templates.count(t) for t in templates} == {6}


@pytest.mark.parametrize("per_concept", [None, 99])
def test_all_pairs_are_the_full_cross(per_concept):
    assert matched_pairs(BOTH, "de", per_concept).size == 40 * 20


def test_prompt_sets_do_as_well_as_builders():
    sets = (antonyms("fr", "it"), synonyms("fr", "it"))
    assert languages_of(sets) == ("fr", "it")
    assert (
        matched_pairs(sets, "it", 2).prompts.prompts == matched_pairs(BOTH, "it", 2).prompts.prompts
    )


def test_a_concept_that_one_condition_lacks_has_no_pair():
    few = synonyms("fr").where(lambda p: p.clusters["concept"] != "small")
    pairs = matched_pairs((antonyms("fr"), few), "fr", None)
    assert pairs.size == 39 * 20


def test_too_few_templates_are_refused():
    few = antonyms("fr").where(lambda p: int(p.clusters["template"].split("/")[2]) <= 7)
    with pytest.raises(ClaimError, match=r"at least 16 of each .* has 7, .* 20"):
        matched_pairs((few, synonyms("fr")), "fr", 3)


def test_unequal_numbers_of_templates_are_refused():
    few = antonyms("fr").where(lambda p: int(p.clusters["template"].split("/")[2]) <= 12)
    with pytest.raises(ClaimError, match="has 12"):
        matched_pairs((few, synonyms("fr")), "fr", 3)


def test_prompts_without_concepts_are_refused():
    prompts = [{"text": f"text {n}", "clusters": {"template": str(n)}} for n in range(9)]
    bare = PromptSet.from_list(prompts, cluster_by="template")
    with pytest.raises(ClaimError, match="'concept'"):
        matched_pairs((bare, bare), "en", None)


def test_shipped_operations_know_their_opposite():
    assert conditions(antonyms) == (antonyms, synonyms)
    assert conditions(synonyms) == (synonyms, antonyms)
    assert conditions((synonyms, antonyms)) == (synonyms, antonyms)


def test_an_operation_whose_opposite_is_unknown_is_refused():
    with pytest.raises(ClaimError, match="give on="):
        conditions(unrelated)


def test_builders_do_not_say_their_languages():
    with pytest.raises(ClaimError, match="languages="):
        languages_of(BOTH)


@pytest.mark.parametrize(("language", "name"), [("fr", "Latin"), ("zh", "Cjk"), ("ja", "Hiragana")])
def test_the_script_is_that_of_most_letters(language, name):
    assert script(antonyms(language)) == name


def test_content_tokens_are_those_that_a_templates_other_prompts_lack():
    texts = [(" opposite of small is", "a"), (" opposite of big is", "a"), (" not big but", "b")]
    prompts = PromptSet.from_list(
        [{"text": t, "clusters": {"template": name}} for t, name in texts], cluster_by="template"
    )
    words = ("start", *dict.fromkeys(f" {w}" for t, _ in texts for w in t.split()))
    tokenizer = PlantedTokenizer("words", words, 20)
    found = content_tokens(prompts.tokenize(tokenizer), [name for _, name in texts])
    assert [[words[t] for t in tokens] for tokens in found] == [[" small"], [" big"], []]


def test_unrelated_operations_come_in_pairs_of_templates():
    pairs = matched_pairs((rhymes(), initials()), "en", 3)
    toward, away = halves(pairs)
    assert len({p.text for p in (*toward, *away)}) == 2 * pairs.size == 240
    assert all("rhym" in p.text or "ends" in p.text or "ending" in p.text for p in toward)
    assert all(p.text.endswith(' "') for p in (*toward, *away))
