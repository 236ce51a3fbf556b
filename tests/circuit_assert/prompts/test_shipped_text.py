import re
from collections import Counter

import pytest

from circuit_assert.prompts.text import plain_text


def test_there_are_enough_documents_and_each_is_a_cluster():
    prompts = plain_text()
    assert len(prompts) >= 60
    assert prompts.cluster_by == ("document",)
    assert len(set(prompts.clusters["document"])) == len(prompts)
    assert len({p.text for p in prompts}) == len(prompts)


def test_documents_have_several_registers():
    registers = Counter(p.clusters["register"] for p in plain_text())
    assert len(registers) >= 7
    assert min(registers.values()) >= 5


def test_documents_are_a_few_sentences_on_one_line():
    for prompt in plain_text():
        assert prompt.text == " ".join(prompt.text.split())
        assert 45 <= len(prompt.text.split()) <= 90
        assert len(re.findall(r"[.!?](?=[\"\s]|$)", prompt.text)) >= 2


def test_no_sentence_is_in_two_documents():
    owners: dict[str, str] = {}
    for prompt in plain_text():
        for sentence in re.split(r"(?<=[.!?]) ", prompt.text):
            if len(sentence.split()) > 5:
                assert owners.setdefault(sentence, prompt.text) == prompt.text


@pytest.mark.parametrize("word", ["right", "left", "time", "day", "know", "much", "make"])
def test_common_words_occur_in_many_documents_but_not_all(word):
    having = [p for p in plain_text() if re.search(rf" {word}\b", p.text)]
    assert 30 <= len(having) < len(plain_text())


def test_builds_are_equal():
    assert plain_text().fingerprint == plain_text().fingerprint
