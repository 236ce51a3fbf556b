"""Documents of drawn words."""

from __future__ import annotations

from collections.abc import Iterable

from circuit_assert.prompts.prompt_set import Prompt, PromptSet


def in_documents(name: str, texts: Iterable[str]) -> PromptSet:
    """Texts as a prompt set, each a document and so a cluster of its own.

    Args:
        name: Of the set.
        texts: One for each document.
    """
    prompts = (Prompt(text, clusters={"document": str(n)}) for n, text in enumerate(texts))
    return PromptSet(name, tuple(prompts), cluster_by=("document",))
