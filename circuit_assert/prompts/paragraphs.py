"""The same short paragraphs in six languages: texts and their translations."""

from __future__ import annotations

from functools import cache
from typing import Any

from circuit_assert.errors import PromptError
from circuit_assert.prompts.data import read
from circuit_assert.prompts.prompt_set import Prompt, PromptSet

LANGUAGES = ("en", "fr", "es", "de", "it", "zh")


def paragraphs(*languages: str) -> PromptSet:
    """41 paragraphs of two or three sentences on everyday things and science, with translations.

    Args:
        languages: ISO 639-1 codes among `LANGUAGES`; all of them when none is given.

    Translations share their "paragraph" id, by which decisions are made. There are no digits and
    no names in them.

    Raises:
        PromptError: for a language that there is no translation in.
    """
    chosen = tuple(dict.fromkeys(languages)) or LANGUAGES
    for language in chosen:
        if language not in LANGUAGES:
            raise PromptError(
                f"there are no paragraphs in {language!r}: the shipped languages are "
                f"{', '.join(LANGUAGES)}."
            )
    prompts = tuple(
        Prompt(said[language], clusters={"paragraph": name}, language=language)
        for language in chosen
        for name, said in _texts().items()
    )
    suffix = f"({', '.join(chosen)})" if languages else ""
    return PromptSet(f"paragraphs{suffix}", prompts, cluster_by=("paragraph",))


@cache
def _texts() -> dict[str, Any]:
    return read("paragraphs")
