"""Operations on words that have nothing to do with meaning: a control for those that do."""

from __future__ import annotations

from circuit_assert.prompts.antonyms import balanced, vocabulary
from circuit_assert.prompts.data import lines, read
from circuit_assert.prompts.prompt_set import Prompt, PromptSet


def rhymes(*, per_concept: int | None = None) -> PromptSet:
    """English prompts that ask for a rhyme, with the words of `antonyms("en")`; no answers.

    20 templates, each the partner of the template of `initials` with its number.

    Args:
        per_concept: How many of the templates each word is put in; all by default.
    """
    return _operation("rhyme", per_concept)


def initials(*, per_concept: int | None = None) -> PromptSet:
    """English prompts that ask for a word with the same initial; otherwise as `rhymes`."""
    return _operation("initial", per_concept)


def _operation(operation: str, per_concept: int | None) -> PromptSet:
    templates = lines(read("operations")[operation])
    concepts = vocabulary("en").concepts
    prompts: list[Prompt] = []
    for index, (concept, words) in enumerate(concepts.items()):
        for number in balanced(index, len(concepts), len(templates), per_concept):
            before, after = templates[number].split("{word}")
            clusters = {"concept": concept, "template": f"{operation}/{number + 1}"}
            positions = {"word": before + words.word}
            text = f"{before}{words.word}{after}"
            prompts.append(Prompt(text, positions=positions, clusters=clusters))
    return PromptSet(f"{operation}s", tuple(prompts), cluster_by=("concept", "template"))
