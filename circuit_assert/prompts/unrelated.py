"""Sentences about anything but the claim: where matched control directions come from."""

from __future__ import annotations

from circuit_assert.prompts.antonyms import balanced, vocabulary
from circuit_assert.prompts.data import lines, read
from circuit_assert.prompts.prompt_set import Prompt, PromptSet


def unrelated(*, per_concept: int | None = None) -> PromptSet:
    """56 English sentence frames that share no task, each with the words of `antonyms("en")`.

    The difference between the mean activations of two of these templates is a direction between
    real prompts that has nothing to do with the operation under test: a matched control. Half of
    the templates end, as `antonyms` does, behind an opening quotation mark ("ending" is "quote"),
    the others in varied ways ("ending" is "other").

    Args:
        per_concept: How many of the templates each word is put in; all by default. A smaller
            number gives a balanced part of the cross.

    The position "word" is the last token of the word; clusters are template, concept and ending.
    """
    data = read("unrelated")
    templates = [
        (template, ending) for ending in ("quote", "other") for template in lines(data[ending])
    ]
    concepts = vocabulary("en").concepts
    prompts: list[Prompt] = []
    for index, (concept, words) in enumerate(concepts.items()):
        for number in balanced(index, len(concepts), len(templates), per_concept):
            template, ending = templates[number]
            before, after = template.split("{word}")
            clusters = {
                "template": f"unrelated/{number + 1}",
                "concept": concept,
                "ending": ending,
            }
            prompts.append(
                Prompt(
                    f"{before}{words.word}{after}",
                    positions={"word": before + words.word},
                    clusters=clusters,
                )
            )
    return PromptSet("unrelated", tuple(prompts), cluster_by=("template", "concept"))
