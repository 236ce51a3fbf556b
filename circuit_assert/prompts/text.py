"""Ordinary English text, in many registers."""

from __future__ import annotations

from circuit_assert.prompts.data import read
from circuit_assert.prompts.prompt_set import Prompt, PromptSet


def plain_text() -> PromptSet:
    """Short English documents: stories, instructions, dialogue, news, science, recipes, letters.

    Each is a cluster of its own ("document") and says what it is ("register"). They have no
    answer: they are for statistics over the tokens of a document, averaged inside it.
    """
    prompts = tuple(
        Prompt(
            " ".join(document.split()),
            clusters={"document": f"{register}/{number}", "register": register},
        )
        for register, documents in read("documents").items()
        for number, document in enumerate(documents, start=1)
    )
    return PromptSet("plain_text", prompts, cluster_by=("document",))
