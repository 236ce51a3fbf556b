import re
from collections import Counter, defaultdict

import pytest

from circuit_assert.errors import PromptError
from circuit_assert.prompts.data import lines, read
from circuit_assert.prompts.ioi import ioi
from circuit_assert.prompts.prompt_set import Prompt

NAMES = read("ioi")["names"]


def mentions(text: str) -> list[str]:
    """The names in a text, in order, seen without help from the builder."""
    return [word for word in re.findall(r"\w+", text) if word in set(NAMES)]


def test_there_are_enough_templates_and_each_is_told_in_both_orders():
    orders: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for prompt in ioi(per_template=3):
        orders[prompt.clusters["template"]][prompt.clusters["order"]] += 1
    assert len(orders) >= 20
    assert all(counts == {"ABBA": 3, "BABA": 3} for counts in orders.values())


def test_both_orders_tell_of_the_same_people():
    by_pair: defaultdict[tuple[str, str], list[Prompt]] = defaultdict(list)
    for prompt in ioi():
        by_pair[prompt.clusters["template"], prompt.clusters["names"]].append(prompt)
    for abba, baba in by_pair.values():
        assert (abba.answer, abba.foil) == (baba.answer, baba.foil)
        assert abba.text != baba.text


def test_the_order_is_what_its_name_says():
    for prompt in ioi():
        assert prompt.answer is not None
        assert prompt.foil is not None
        io, subject = prompt.answer.strip(), prompt.foil.strip()
        first_two = [io, subject] if prompt.clusters["order"] == "ABBA" else [subject, io]
        assert mentions(prompt.text) == [*first_two, subject]


def test_flip_changes_the_second_subject_only_and_makes_the_foil_right():
    for prompt in ioi(corruption="flip"):
        assert prompt.corrupt is not None
        assert prompt.answer is not None
        clean, corrupt = prompt.text.split(" "), prompt.corrupt.split(" ")
        assert sum(a != b for a, b in zip(clean, corrupt, strict=True)) == 1
        again = mentions(prompt.corrupt)
        assert again[:2] == mentions(prompt.text)[:2]
        assert again[2] == prompt.answer.strip()


def test_abc_tells_of_three_strangers():
    for prompt in ioi(corruption="abc"):
        assert prompt.corrupt is not None
        strangers = mentions(prompt.corrupt)
        assert len(set(strangers)) == 3
        assert not set(strangers) & set(mentions(prompt.text))
        assert len(prompt.text.split(" ")) == len(prompt.corrupt.split(" "))


def test_no_reference_prompt_comes_twice():
    references = [p.corrupt for p in ioi(corruption="abc")]
    assert len(set(references)) == len(references)


def test_the_corruption_leaves_the_clean_prompts_alone():
    flip, abc = ioi(corruption="flip", seed=5), ioi(corruption="abc", seed=5)
    assert [p.text for p in flip] == [p.text for p in abc]
    assert [p.positions for p in flip] == [p.positions for p in abc]


def test_positions_point_at_the_mention_they_name():
    for prompt in ioi():
        ends = {
            role: prompt.text.rindex(piece) + len(piece) for role, piece in prompt.positions.items()
        }
        assert set(ends) == {"IO", "S1", "S1+1", "S2"}
        assert ends["S1"] < ends["S1+1"] < ends["S2"] < len(prompt.text)
        for role, name in (("IO", prompt.answer), ("S1", prompt.foil), ("S2", prompt.foil)):
            assert name is not None
            assert prompt.text[: ends[role]].endswith(name)
        assert re.fullmatch(r" \w+|\W", prompt.text[ends["S1"] : ends["S1+1"]])


def test_a_seed_gives_the_same_prompts_and_another_seed_gives_others():
    assert ioi(seed=1).fingerprint == ioi(seed=1).fingerprint
    assert ioi(seed=1).fingerprint != ioi(seed=2).fingerprint


def test_no_prompt_comes_twice():
    texts = [p.text for p in ioi(per_template=20)]
    assert len(set(texts)) == len(texts)


def test_names_are_many_distinct_and_none_begins_another():
    assert len(set(NAMES)) == len(NAMES) >= 60
    assert not [(a, b) for a in NAMES for b in NAMES if a != b and b.startswith(a)]


def test_templates_stop_before_the_object_and_differ():
    templates = lines(read("ioi")["templates"])
    assert len(set(templates)) == len(templates)
    for template in templates:
        assert re.search(r" (to|for)$", template)
        assert not template.startswith("{")
        assert [template.count(slot) for slot in ("{A}", "{B}", "{S}")] == [1, 1, 1]
        assert template.index("{A}") < template.index("{B}") < template.index("{S}")
        assert not re.search(r"\b(he|she|him|her|his)\b", template.lower())


def test_every_unit_is_in_a_cluster_of_its_template():
    prompts = ioi()
    assert prompts.cluster_by == ("template",)
    assert len(set(prompts.clusters["template"])) == len(prompts) / 8


@pytest.mark.parametrize("count", [0, -1, 5000])
def test_an_impossible_count_is_refused(count):
    with pytest.raises(PromptError, match=f"per_template is {count}"):
        ioi(per_template=count)


def test_an_unknown_corruption_is_refused():
    with pytest.raises(PromptError, match="no corruption 'xyz'"):
        ioi(corruption="xyz")  # type: ignore[arg-type]


def test_with_few_names_the_prompts_of_a_template_share_them():
    prompts = ioi(per_template=6, names=3)
    for template in {prompt.clusters["template"] for prompt in prompts}:
        pairs = [p.clusters["names"] for p in prompts if p.clusters["template"] == template]
        assert len(set(pairs)) == 6
        assert len({name for pair in pairs for name in pair.split("-")}) == 3


@pytest.mark.parametrize(
    "asked", [{"names": 1}, {"names": 10_000}, {"names": 3, "per_template": 7}]
)
def test_more_or_fewer_names_than_there_are(asked):
    with pytest.raises(PromptError, match="there are"):
        ioi(**asked)
