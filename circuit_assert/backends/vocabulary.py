"""What is asked of the logits of all tokens, taken a piece of the vocabulary after the other.

Logits of a large vocabulary are by far the largest numbers of a run: on a CPU, pieces that fit into
its cache save going over memory again and again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import torch

Pieces: TypeAlias = Iterable[tuple[int, torch.Tensor]]
"""The first token of each piece, and the piece's logits `[n, some]`, which may be overwritten."""


def log_probabilities(pieces: Pieces, tokens: torch.Tensor) -> torch.Tensor:
    """log p of some tokens of each row, in nats: `[n, k]` → `[n, k]`.

    The largest logit is taken away before anything is rounded, as `torch.log_softmax` does, so that
    a probability near one is told from one.

    Args:
        pieces: All of the vocabulary.
        tokens: Which tokens of each row.
    """
    own = torch.empty(tokens.shape, device=tokens.device)
    largest: list[torch.Tensor] = []
    sums: list[torch.Tensor] = []
    for first, logits in pieces:
        here = (tokens >= first) & (tokens < first + logits.shape[-1])
        own[here] = logits[here.nonzero()[:, 0], tokens[here] - first]
        top = logits.amax(-1, keepdim=True)
        largest.append(top)
        sums.append(logits.sub_(top).exp_().sum(-1, keepdim=True))
    tops = torch.cat(largest, dim=-1)
    most = tops.amax(-1, keepdim=True)
    together = (torch.cat(sums, dim=-1) * (tops - most).exp_()).sum(-1, keepdim=True)
    return (own - most) - together.log_()


def divergences(pieces: Pieces, logs: torch.Tensor | None = None) -> torch.Tensor:
    """Σ p (log p - log q) over all tokens, in nats: `[n]`.

    Args:
        pieces: All of the vocabulary.
        logs: log q of each token, `[vocabulary]`; None for zeros, which gives minus the entropy.
    """
    largest: list[torch.Tensor] = []
    sums: list[torch.Tensor] = []
    beyond: list[torch.Tensor] = []
    for first, logits in pieces:
        top = logits.amax(-1, keepdim=True)
        weights = logits.sub_(top).exp()
        sums.append(weights.sum(-1, keepdim=True))
        odds = logits if logs is None else logits.sub_(logs[first : first + logits.shape[-1]])
        beyond.append(weights.mul_(odds).sum(-1, keepdim=True))
        largest.append(top)
    tops, of_pieces = torch.cat(largest, dim=-1), torch.cat(sums, dim=-1)
    lower = tops - tops.amax(-1, keepdim=True)
    scaled = lower.exp()
    together = (scaled * of_pieces).sum(-1)
    found = (scaled * (torch.cat(beyond, dim=-1) + lower * of_pieces)).sum(-1)
    return found / together - together.log()


def top_tokens(pieces: Pieces, k: int) -> torch.Tensor:
    """The k tokens with the largest logits, the largest first: `[n, k]`.

    Args:
        pieces: All of the vocabulary.
        k: How many.
    """
    values: list[torch.Tensor] = []
    tokens: list[torch.Tensor] = []
    for first, logits in pieces:
        found = logits.topk(min(k, logits.shape[-1]), dim=-1)
        values.append(found.values)
        tokens.append(found.indices + first)
    best = torch.cat(values, dim=-1).topk(k, dim=-1).indices
    return torch.cat(tokens, dim=-1).gather(-1, best)
