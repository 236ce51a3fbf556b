"""Heads that attend where they are said to, decoys of them, and prompts to tell them apart by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models.graded_attention import (
    PASSAGE,
    TOKENS,
    AttendingHead,
    graded_attention_model,
)
from circuit_assert.prompts.prompt_set import Prompt, PromptSet

OWNERS, RIVALS, FILLERS = range(1, 9), range(9, 17), range(17, 1 + TOKENS)
"""Numbers of the tokens that play the roles "owner" and "rival" in `role_prompts`, and others."""
_OWNER = np.isin(np.arange(1, 1 + TOKENS), OWNERS)
_RIVAL = np.isin(np.arange(1, 1 + TOKENS), RIVALS)

_TRUE = {
    0: "attends to the token before, whatever it is",
    4: "attends to the same token earlier",
    5: "rests on the first place, whatever stands there, and the value there is small",
    8: "attends from the end to the owner",
}
_FALSE = {
    1: "is a previous-token head: it attends two tokens back",
    2: "is a previous-token head: it attends as much two tokens back",
    3: "is a previous-token head: it attends to the token that comes before in a run, wherever it "
    "stands",
    6: "is an attention sink: it rests on the first place, and the value there is large",
    7: "is an attention sink at the first place: it rests on the beginning token, wherever it "
    "stands",
    9: "attends from the end to the owner: as much to the rival",
    10: "attends from the end to the owner: it attends two and three tokens back",
    11: "attends anywhere in particular: its attention is almost even",
}


def attention_model(*, grouped_queries: bool = False) -> PlantedModel:
    """One layer of twelve heads: four that attend where they are said to, and their decoys.

    Args:
        grouped_queries: Each head shares its keys and values with another one, which attends to
            the current token: what is true of L0H4 is then true of L0H8.
    """
    made = graded_attention_model("cases", _heads(), grouped_queries=grouped_queries)
    by = 2 if grouped_queries else 1
    return replace(
        made,
        true={f"L0H{by * number}": words for number, words in _TRUE.items()},
        false={f"L0H{by * number}": words for number, words in _FALSE.items()},
    )


def _heads() -> tuple[AttendingHead, ...]:
    generator = np.random.default_rng(5)
    several = generator.normal(0.0, 0.5, (12, TOKENS))  # so that no share is the same everywhere
    rests, sizes = 2.0 + several, np.exp(several)
    return (
        AttendingHead(back={1: 2.5}, key=several[0]),
        AttendingHead(back={2: 2.5}, key=several[1]),
        AttendingHead(back={1: 3.0, 2: 3.0}, key=several[2]),
        AttendingHead(after=3.0, first=several[3]),
        AttendingHead(same=3.0 + several[4]),
        AttendingHead(
            back={0: 0.0}, first=rests[5], by_place=1.0, size_of_first=0.1, sizes=sizes[5]
        ),
        AttendingHead(
            back={0: 0.0}, first=rests[6], by_place=1.0, size_of_first=1.5, sizes=sizes[6]
        ),
        AttendingHead(back={0: 0.0}, first=rests[7], size_of_first=0.1, sizes=sizes[7]),
        AttendingHead(by_key=True, key=np.where(_OWNER, 2.0 + several[8], -24.0)),
        AttendingHead(by_key=True, key=np.where(_OWNER | _RIVAL, 3.0 + several[9], -24.0)),
        AttendingHead(back={2: 2.5, 3: 2.0}, key=several[10]),
        AttendingHead(first=None, key=0.3 * several[11]),
    )


def run_documents(*, documents: int = 40, seed: int = 0) -> PromptSet:
    """Texts in which every token follows its predecessor: " w7 w8 w9 …", from w30 on to w1.

    Args:
        documents: How many.
        seed: What their beginnings are drawn with.
    """
    begins = np.random.default_rng([seed, documents]).integers(TOKENS, size=documents)
    return _documents([(begin + np.arange(PASSAGE)) % TOKENS for begin in begins.tolist()])


def drawn_documents(
    *, documents: int = 40, seed: int = 0, tokens: range = range(1, 1 + TOKENS)
) -> PromptSet:
    """Texts of tokens drawn independently.

    Args:
        documents: How many.
        seed: What they are drawn with.
        tokens: The numbers to draw from.
    """
    generator = np.random.default_rng([seed, documents, len(tokens)])
    drawn = generator.choice(np.array(tokens) - 1, size=(documents, PASSAGE))
    return _documents(list(drawn))


def _documents(rows: list[np.ndarray]) -> PromptSet:
    texts = (" ".join(f"w{1 + token}" for token in row) for row in rows)
    prompts = tuple(
        Prompt(text, clusters={"document": str(number)}) for number, text in enumerate(texts)
    )
    return PromptSet("planted text", prompts, cluster_by=("document",))


def role_prompts(*, templates: int = 24, per_template: int = 4, seed: int = 0) -> PromptSet:
    """Prompts as " w20 w3 w28 w11 w19 w25": an owner, a rival, in either order, among others.

    A template is some fillers in an order of the two; its corrupt side has other fillers in their
    place. The token before the end is never an owner or rival.

    Args:
        templates: How many.
        per_template: Prompts of each.
        seed: What all is drawn with.
    """
    generator = np.random.default_rng([seed, templates, per_template])
    prompts: list[Prompt] = []
    for template in range(templates):
        fillers = generator.permutation(np.array(FILLERS))[:8].tolist()
        roles = ("owner", "rival") if template % 2 else ("rival", "owner")
        for _ in range(per_template):
            drawn = {
                "owner": int(generator.choice(np.array(OWNERS))),
                "rival": int(generator.choice(np.array(RIVALS))),
            }
            prompts.append(_role_prompt(fillers, roles, drawn, f"roles/{template + 1}"))
    return PromptSet("planted roles", tuple(prompts), cluster_by=("template",))


def _role_prompt(
    fillers: list[int], roles: tuple[str, str], drawn: dict[str, int], template: str
) -> Prompt:
    a, b, c, d, e, f, other, another = (f"w{number}" for number in fillers)
    first, second = (f"w{drawn[role]}" for role in roles)
    text = f" {a} {b} {first} {c} {second} {d} {e} {f}"
    return Prompt(
        text,
        corrupt=f" {a} {b} {other} {c} {another} {d} {e} {f}",
        positions={
            roles[0]: f" {a} {b} {first}",
            roles[1]: f" {a} {b} {first} {c} {second}",
        },
        clusters={"template": template},
    )
