"""From texts to one model's tokens, and why some prompts do not fit a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from circuit_assert.errors import TokenError
from circuit_assert.prompts.base import Ints, Side, TokenizedPrompts, Tokenizer

if TYPE_CHECKING:
    from circuit_assert.prompts.prompt_set import Prompt, PromptSet


class _DoesNotFit(Exception):  # noqa: N818 - a reason, not an error
    """Why one prompt cannot be used with one tokenizer."""


@dataclass(frozen=True)
class _Row:
    unit: int
    clean: Ints
    corrupt: Ints | None
    answer: int | None
    foil: int | None
    positions: dict[str, int]


def tokenize_texts(prompts: PromptSet, tokenizer: Tokenizer) -> TokenizedPrompts:
    """The prompts in one model's tokens, without those that do not fit it.

    Raises:
        TokenError: when no prompt fits, with the first reasons.
    """
    rows: list[_Row] = []
    dropped: dict[int, str] = {}
    for unit, prompt in enumerate(prompts.prompts):
        try:
            rows.append(_row(unit, prompt, tokenizer))
        except _DoesNotFit as reason:
            dropped[unit] = str(reason)
    if not rows:
        reasons = "\n  ".join(list(dict.fromkeys(dropped.values()))[:5])
        raise TokenError(f"no prompt of {prompts.name!r} fits {tokenizer.name}:\n  {reasons}")
    return _assemble(prompts, rows, dropped)


def continuation_token(text: str, continuation: str, tokenizer: Tokenizer) -> int:
    """The first token of `continuation` as it follows `text`.

    Raises:
        TokenError: when the continuation changes the tokens of the text, or begins with a
            token that is a bare byte and so stands for no word.
    """
    return _token_after(tokenizer.encode(text), text, continuation, tokenizer)


def _token_after(before: list[int], text: str, continuation: str, tokenizer: Tokenizer) -> int:
    both = tokenizer.encode(text + continuation)
    if both[: len(before)] != before or len(both) == len(before):
        raise TokenError(
            f"{continuation!r} after {text[-20:]!r} merges with the text's last token in "
            f"{tokenizer.name}: there is no token to score."
        )
    token = both[len(before)]
    piece = tokenizer.piece(token)
    if "\ufffd" in piece or (piece.startswith("<0x") and piece.endswith(">")):
        raise TokenError(
            f"{continuation!r} begins with a bare byte in {tokenizer.name}: its first token "
            f"says nothing about the word."
        )
    return token


@lru_cache(maxsize=4096)
def single_token(text: str, tokenizer: Tokenizer, wanted_by: str) -> int:
    """The one ordinary token that a text is.

    Raises:
        TokenError: when it is several or none, naming the pieces and a near one that would do.
    """
    tokens = tokenizer.encode(text)
    ordinary = tokenizer.ordinary_tokens()
    if len(tokens) == 1 and tokens[0] in ordinary:
        return tokens[0]
    count = {0: "no token", 1: "not an ordinary token", 2: "two tokens", 3: "three tokens"}
    said = count.get(len(tokens), f"{len(tokens)} tokens")
    pieces = ", ".join(f'"{tokenizer.piece(token)}"' for token in tokens)
    raise TokenError(
        f'"{text}" is {said} in {tokenizer.name} ({pieces or "the empty text"}); {wanted_by} needs '
        f'one. Try "{_nearest_piece(text, tokenizer, ordinary)}".'
    )


def _nearest_piece(text: str, tokenizer: Tokenizer, ordinary: Ints) -> str:
    """The token that reads most like a text and is one by itself, beginning alike if possible."""
    pieces = [tokenizer.piece(int(token)) for token in ordinary]
    likeness = SequenceMatcher(b=text, autojunk=False)

    def alike(piece: str) -> float:
        likeness.set_seq1(piece)
        return likeness.ratio()

    for beginning in (text[:2], text[:1], ""):
        begun = [piece for piece in pieces if piece.startswith(beginning)]
        for piece in sorted(begun, key=alike, reverse=True)[:10]:
            if len(tokenizer.encode(piece)) == 1:
                return piece
    return pieces[0]


def _row(unit: int, prompt: Prompt, tokenizer: Tokenizer) -> _Row:
    cut = tokenizer.encode(prompt.text)
    clean = _begun(cut, tokenizer)
    corrupt = None
    if prompt.corrupt is not None:
        corrupt = _begun(tokenizer.encode(prompt.corrupt), tokenizer)
    if corrupt is not None and len(corrupt) != len(clean):
        raise _DoesNotFit(
            f"the corrupt prompt has {len(corrupt)} tokens, the clean one {len(clean)} "
            f"({prompt.corrupt!r})"
        )
    try:
        answer, foil = (
            _token_after(cut, prompt.text, word, tokenizer) if word is not None else None
            for word in (prompt.answer, prompt.foil)
        )
    except TokenError as problem:
        raise _DoesNotFit(str(problem)) from None
    if answer is not None and answer == foil:
        raise _DoesNotFit(
            f"{prompt.answer!r} and {prompt.foil!r} begin with the same token "
            f"({tokenizer.piece(answer)!r})"
        )
    return _Row(unit, clean, corrupt, answer, foil, _positions(prompt, cut, tokenizer))


def _begun(cut: list[int], tokenizer: Tokenizer) -> Ints:
    """A text's tokens behind the beginning of a sequence."""
    tokens = np.array([*tokenizer.beginning, *cut], np.int64)
    if len(tokens) > tokenizer.context_length:
        raise _DoesNotFit(
            f"it has {len(tokens)} tokens, more than the context of {tokenizer.context_length}"
        )
    return tokens


def _positions(prompt: Prompt, cut: list[int], tokenizer: Tokenizer) -> dict[str, int]:
    positions = {"end": len(tokenizer.beginning) + len(cut) - 1}
    for role, piece in prompt.positions.items():
        until = tokenizer.encode(prompt.text[: prompt.text.rindex(piece) + len(piece)])
        if cut[: len(until)] != until:
            raise _DoesNotFit(f"the piece {piece!r} ({role}) does not end where a token ends")
        positions[role] = len(tokenizer.beginning) + len(until) - 1
    return positions


def _assemble(prompts: PromptSet, rows: list[_Row], dropped: dict[int, str]) -> TokenizedPrompts:
    tokens: dict[Side, list[Ints]] = {"clean": [row.clean for row in rows]}
    if all(row.corrupt is not None for row in rows):
        tokens["corrupt"] = [row.corrupt for row in rows if row.corrupt is not None]
    kept = [prompts.prompts[row.unit] for row in rows]
    roles = set.intersection(*(set(row.positions) for row in rows))
    names = set.intersection(*(set(p.clusters) for p in kept))
    return TokenizedPrompts(
        tokens=tokens,
        kept=np.array([row.unit for row in rows], np.int64),
        dropped=dropped,
        clusters={name: tuple(p.clusters[name] for p in kept) for name in prompts.cluster_by},
        positions={r: np.array([row.positions[r] for row in rows], np.int64) for r in roles},
        answers=_optional([row.answer for row in rows]),
        foils=_optional([row.foil for row in rows]),
        targets={side: [_next_tokens(row) for row in rows] for side, rows in tokens.items()},
        groups=tuple(
            f"{p.clusters.get('template', '')}/{p.clusters.get('order', '')}/{len(row.clean)}"
            for p, row in zip(kept, rows, strict=True)
        ),
        labels={
            **_languages(kept),
            **{n: tuple(p.clusters[n] for p in kept) for n in sorted(names)},
        },
    )


def _languages(prompts: Sequence[Prompt]) -> dict[str, tuple[str, ...]]:
    """Their languages as labels, where there are several."""
    said = tuple(prompt.language for prompt in prompts)
    return {"language": said} if len(set(said)) > 1 else {}


def _optional(tokens: list[int | None]) -> Ints:
    present = [token for token in tokens if token is not None]
    return np.array(present if len(present) == len(tokens) else [], np.int64)


def _next_tokens(tokens: Ints) -> Ints:
    """Position and next token, for every position that has both before the end."""
    return np.stack([np.arange(len(tokens) - 1), tokens[1:]], axis=1)
