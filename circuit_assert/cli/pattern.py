"""The attention pattern of a claim's head on one of its prompts, which takes loading the model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from circuit_assert.components import Head
from circuit_assert.errors import CircuitAssertError
from circuit_assert.ledger import ClaimRecord, ExampleRecord
from circuit_assert.reporting.columns import visible

if TYPE_CHECKING:
    from circuit_assert.backends.base import Backend
    from circuit_assert.models.spec import ModelSpec

_HEAD = re.compile(r"\bL(\d+)H(\d+)\b")
_CUT = " … "  # where the ledger leaves out the middle of a long prompt


@dataclass(frozen=True)
class Pattern:
    """Where a head attends on a prompt.

    Args:
        head: Which one.
        tokens: `[pos]`, how each reads; the first may begin every sequence of the model.
        weights: `[query, key]`.
        notes: What a reader should know of the prompt and of the weights.
    """

    head: Head
    tokens: tuple[str, ...]
    weights: tuple[tuple[float, ...], ...]
    notes: tuple[str, ...] = ()


def head_of(claim: ClaimRecord) -> Head:
    """The first head that the claim is about.

    Raises:
        CircuitAssertError: when it is about none.
    """
    for said in (claim.words, *claim.arguments.values()):
        if found := _HEAD.search(said):
            return Head(int(found[1]), int(found[2]))
    raise CircuitAssertError(
        f"--pattern draws where a head attends, and this claim names none: {visible(claim.words)}."
    )


def prompt_of(claim: ClaimRecord) -> tuple[str, str]:
    """A prompt that the ledger keeps of the claim, the one where most was measured, and a note.

    A whole prompt goes before one of which the ledger keeps only both ends.

    Raises:
        CircuitAssertError: when it keeps none.
    """
    texts = [each.text for each in _examples(claim) if each.text]
    if not texts:
        raise CircuitAssertError(
            "the ledger keeps no prompt of this claim: give one with --prompt TEXT."
        )
    whole = [text for text in texts if _CUT not in text]
    if whole:
        return whole[0], "prompt: of those that the ledger keeps, the one where most was measured"
    return texts[0].partition(_CUT)[
        0
    ], "prompt: the beginning of one that is kept without its middle"


def pattern_on(backend: Backend, head: Head, text: str, notes: tuple[str, ...] = ()) -> Pattern:
    """Run the model on a text, up to the head's layer.

    Args:
        backend: The loaded model.
        head: Whose pattern.
        text: The prompt.
        notes: What is to be said of it.

    Raises:
        CircuitAssertError: when the model has no such head, or the text has no token.
    """
    import torch

    from circuit_assert.components import Site

    card, tokenizer = backend.card, backend.tokenizer
    if head.layer >= card.layers or head.head >= card.heads:
        raise CircuitAssertError(f"{backend.name} has no {head}.")
    ids = [*tokenizer.beginning, *tokenizer.encode(text)]
    if len(ids) <= len(tokenizer.beginning):
        raise CircuitAssertError("the prompt has no token.")
    taken: list[torch.Tensor] = []
    with torch.inference_mode():
        backend.run(
            torch.tensor([ids], device=backend.device),
            reads={Site(head.layer, "pattern"): [lambda found: taken.append(found[0, head.head])]},
            edits={},
            last_layer=head.layer,
        )
    weights = taken[0].float().cpu().tolist()
    pieces = tuple(map(tokenizer.piece, ids))
    return Pattern(head, pieces, tuple(map(tuple, weights)), notes)


def model_of(claim: ClaimRecord, name: str | None) -> ModelSpec:
    """The claim's model, where it is here already.

    Args:
        claim: What the ledger says of it.
        name: What to load in its place: a name or a folder; None for the claim's own.

    Raises:
        CircuitAssertError: when it would have to be fetched, saying how.
    """
    from circuit_assert.models.spec import spec_of

    spec = spec_of(name or claim.model, dtype=claim.dtype or "float32")
    if spec.folder_at_hand() is None:
        raise CircuitAssertError(
            f"{visible(spec.name)} is not here: fetch it, or name its folder with --model."
        )
    return spec


def pattern_of(claim: ClaimRecord, *, prompt: str | None, model: str | None) -> Pattern:
    """Load the claim's model and see where its head attends.

    Args:
        claim: As the ledger has it.
        prompt: A text; None for one of the claim's.
        model: A name or a folder; None for the claim's own.
    """
    head = head_of(claim)
    text, note = (prompt, "prompt: as given") if prompt is not None else prompt_of(claim)
    spec = model_of(claim, model)
    from circuit_assert.backends.load import load

    backend = load(spec)
    notes = [note]
    if backend.fingerprint != claim.fingerprint:
        notes.append("the weights are not those of the claim")
    return pattern_on(backend, head, text, tuple(notes))


def _examples(claim: ClaimRecord) -> Iterator[ExampleRecord]:
    shown = claim.shown
    for finding in (*([shown] if shown else []), *claim.findings):
        yield from finding.highest
        yield from finding.lowest
