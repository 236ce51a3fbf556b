import re
from collections import Counter

from circuit_assert.prompts.antonyms import antonyms, synonyms, vocabulary
from circuit_assert.prompts.data import lines, read
from circuit_assert.prompts.unrelated import unrelated

ABOUT_WORDS = re.compile(
    r"opposit|contrar|antonym|synonym|revers|equivalen|meaning|means|same|other word|thesaurus"
    r"|dictionary|differen|similar|alike",
    re.IGNORECASE,
)


def test_every_template_has_every_concept_once():
    prompts = unrelated()
    cells = Counter((p.clusters["template"], p.clusters["concept"]) for p in prompts)
    templates, concepts = ({key[i] for key in cells} for i in (0, 1))
    assert len(templates) >= 48
    assert concepts == set(vocabulary("en").concepts)
    assert len(cells) == len(prompts) == len(templates) * len(concepts)
    assert prompts.cluster_by == ("template", "concept")
    assert len({p.text for p in prompts}) == len(prompts)


def test_the_words_are_those_that_antonyms_asks_about():
    asked = {
        p.clusters["concept"]: vocabulary("en").concepts[p.clusters["concept"]].word
        for p in antonyms("en")
    }
    for prompt in unrelated():
        assert prompt.positions["word"].endswith(asked[prompt.clusters["concept"]])
        assert prompt.text.startswith(prompt.positions["word"])


def test_half_of_the_templates_end_as_antonyms_and_synonyms_do():
    ending = {p.clusters["template"]: (p.clusters["ending"], p.text[-2:]) for p in unrelated()}
    counts = Counter(kind for kind, _ in ending.values())
    assert counts["quote"] == counts["other"]
    assert all((tail == ' "') == (kind == "quote") for kind, tail in ending.values())
    assert {p.text[-2:] for p in [*antonyms("en"), *synonyms("en")]} == {' "'}


def test_the_other_endings_are_varied():
    last = {p.text.split()[-1] for p in unrelated() if p.clusters["ending"] == "other"}
    assert len(last) >= 10


def test_no_template_is_about_what_words_mean():
    data = read("unrelated")
    for template in lines(data["quote"]) + lines(data["other"]):
        assert not ABOUT_WORDS.search(template)
    assert all(ABOUT_WORDS.search(t) for t in vocabulary("en").synonym[:1])


def test_templates_differ_in_length_and_topic():
    frames = {p.clusters["template"]: p.text for p in unrelated() if p.clusters["concept"] == "new"}
    lengths = [len(text.split()) for text in frames.values()]
    assert max(lengths) >= 2 * min(lengths)
    for name, text in frames.items():
        words = set(re.findall(r"\w{4,}", text.lower()))
        for other_name, other in frames.items():
            shared = words & set(re.findall(r"\w{4,}", other.lower()))
            assert name == other_name or len(shared) <= len(words) / 2


def test_no_article_before_the_slot_depends_on_the_word():
    data = read("unrelated")
    before = [t.split("{word}")[0] for t in lines(data["quote"]) + lines(data["other"])]
    assert [text for text in before if re.search(r"(?i)\ban? $", text)] == []


def test_a_thinned_set_keeps_every_template():
    prompts = unrelated(per_concept=7)
    assert set(Counter(p.clusters["template"] for p in prompts).values()) == {5}
    assert set(Counter(p.clusters["concept"] for p in prompts).values()) == {7}


def test_builds_are_equal():
    assert unrelated().fingerprint == unrelated().fingerprint
