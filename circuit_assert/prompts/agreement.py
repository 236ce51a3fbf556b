"""Which prompts agree on a feature, so that one's activations may stand in for another's."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from circuit_assert.errors import PromptError
from circuit_assert.prompts.base import TokenizedPrompts

ANSWERS = ("answer", "foil")


def labels_by(prompts: TokenizedPrompts, feature: str | None) -> Sequence[Hashable]:
    """What each unit has of a feature: units agree where it is the same.

    Args:
        prompts: The units, in one model's tokens.
        feature: "answer" or "foil" for its first token, a position role for the token there, or
            the name of clusters for the id. None: all agree.

    Raises:
        PromptError: for a feature that the prompts do not have.
    """
    if feature is None:
        return [None] * len(prompts)
    if feature in ANSWERS:
        tokens = prompts.answers if feature == "answer" else prompts.foils
        if len(tokens):
            return tokens.tolist()
    elif feature in prompts.positions:
        rows = prompts.tokens["clean"]
        places = prompts.positions[feature]
        return [int(row[place]) for row, place in zip(rows, places, strict=True)]
    elif feature in prompts.labels:
        return prompts.labels[feature]
    has = ", ".join(sorted({*prompts.positions, *prompts.labels}))
    raise PromptError(
        f"these prompts have no {feature!r} that they could agree on: a feature is the answer or "
        f"foil, where they have one, a position role or the name of clusters: {has}."
    )


def donors_by(prompts: TokenizedPrompts, feature: str | None) -> Sequence[Sequence[int]]:
    """Per unit, the other prompts of its template and length that agree with it on a feature.

    Prompts with the same tokens are no other prompts.

    Raises:
        PromptError: for a feature that the prompts do not have.
    """
    rows, labels = prompts.tokens["clean"], labels_by(prompts, feature)
    groups = prompts.groups or ("",) * len(prompts)
    alike: dict[tuple[Hashable, ...], list[int]] = {}
    written = [row.tobytes() for row in rows]  # comparing arrays one by one takes far longer
    kinds = [(groups[u], len(rows[u]), labels[u]) for u in range(len(prompts))]
    for unit, kind in enumerate(kinds):
        alike.setdefault(kind, []).append(unit)
    return [
        [other for other in alike[kind] if written[other] != written[unit]]
        for unit, kind in enumerate(kinds)
    ]
