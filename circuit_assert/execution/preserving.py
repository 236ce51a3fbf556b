"""Copy-suppression-preserving ablation: what a head writes instead, prompt by prompt."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch

from circuit_assert.backends.base import Backend
from circuit_assert.components import Site, SiteName
from circuit_assert.errors import HookError
from circuit_assert.execution.edits import Editor
from circuit_assert.execution.store import Store
from circuit_assert.interventions import Ablation, PreservingAblation
from circuit_assert.measurements.base import Batch
from circuit_assert.measurements.values import is_what_is_read
from circuit_assert.prompts.base import Prompts, Side

_ROUNDING = 1e-5  # of the largest logit: smaller differences are none


class PreservingEditor(Editor):
    """Carries the ablation out. All that it reads is of the clean run: the head's as well.

    Args:
        intervention: What is kept of which head.
        on: The prompts of the run.
        side: Their side.
        store: What earlier passes kept.
        backend: The model.
    """

    def __init__(
        self,
        intervention: PreservingAblation,
        on: Prompts,
        side: Side,
        store: Store,
        backend: Backend,
    ) -> None:
        super().__init__(intervention, on, side, store)
        self._how, self._backend = intervention, backend

    def edit(self, site: Site, activation: torch.Tensor, batch: Batch) -> torch.Tensor:
        """The activation, in which the head wrote what is kept of it."""
        head = self._how.head
        means = self._replacement(Ablation((head,)), head, batch)
        assert means is not None  # noqa: S101 - for the type checker: a mean is no zero
        changes = [self._change(int(u), mean) for u, mean in zip(batch.units, means, strict=True)]
        change = torch.stack(changes).to(activation)
        self._note_moved(change)
        return activation + change

    def _change(self, unit: int, mean: torch.Tensor) -> torch.Tensor:
        """What the head writes more than it did, `[pos, d_model]`; its mean `[pos, d_head]`."""
        z = self._clean("z", unit)[:, self._how.head.head]
        attention, values = self._attention_and_values(unit, z)
        average = mean.float() @ self._w_o
        written = average - z @ self._w_o
        if self._how.keeping is not None:
            kept = attention * self._kept_sources(unit)
            written = written + self._preserved(unit, kept, values @ self._w_o, average)
        if self._backend.has_post_norms:
            written = written / self._clean("attn_post_scale", unit)
        return written

    def _preserved(
        self, unit: int, attention: torch.Tensor, results: torch.Tensor, average: torch.Tensor
    ) -> torch.Tensor:
        """Σ A·P(r − m): of `[query, key]`, `[key, d_model]` and `[query, d_model]`."""
        if self._how.keeping == "qk":
            return attention @ results - attention.sum(-1, keepdim=True) * average
        directions = self._directions(unit)
        along = (results * directions).sum(-1) - average @ directions.T
        return (attention * along.clamp(max=0.0)) @ directions

    def _directions(self, unit: int) -> torch.Tensor:
        """Unembeddings of the tokens at the sources, of length one: `[key, d_model]`."""
        tokens = self._tokens(unit)
        if self._how.instead == "tokens":
            distinct, which = np.unique(tokens, return_inverse=True)
            tokens = distinct[_others(len(distinct), [self._how.seed, unit])][which]
        rows = self._backend.unembedding(self._on_device(tokens))
        return torch.nn.functional.normalize(rows, dim=-1)

    def _kept_sources(self, unit: int) -> torch.Tensor:
        """Whether what comes from a token is kept: bool `[query, key]`, or a one for all."""
        if self._how.keeping == "ov":
            return torch.ones((), device=self._backend.device)
        tokens, start = self._tokens(unit), len(self._backend.tokenizer.beginning)
        distinct, first, which = np.unique(tokens[start:], return_index=True, return_inverse=True)
        seen = np.arange(start, len(tokens))[:, None] >= first + start
        options = self._on_device(np.broadcast_to(distinct, seen.shape).copy())
        logits = self._backend.token_logits(self._predicting(unit)[start:], options)
        counts = np.ceil(self._how.sources * np.arange(1, len(seen) + 1))
        among = _among_the_first(logits, self._on_device(seen), self._on_device(counts))
        return torch.nn.functional.pad(among[:, self._on_device(which)], (start, 0, start, 0))

    def _predicting(self, unit: int) -> torch.Tensor:
        """The streams whose predictions count at each position: `[pos, d_model]`."""
        streams = self._clean("resid_pre", unit)
        if self._how.instead != "predictions":
            return streams
        start = len(self._backend.tokenizer.beginning)
        others = start + _others(len(streams) - start, [self._how.seed, unit])
        return torch.cat([streams[:start], streams[self._on_device(others)]])

    def _attention_and_values(
        self, unit: int, z: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The head's pattern, `[query, key]`, and what it reads by it, `[key, d_head]`.

        Raises:
            HookError: when attention does not read these values.
        """
        card, head = self._backend.card, self._how.head
        attention = self._clean("pattern", unit)[head.head]
        shared = self._clean("v", unit).reshape(len(z), card.kv_heads, -1)
        values = shared[:, head.head // (card.heads // card.kv_heads)]
        if not is_what_is_read(attention @ values, z):
            raise HookError(
                f"the values of layer {head.layer} are not what {head} reads: attention times "
                f"values is not its output, so that this is no sum over the tokens it attends to."
            )
        return attention, values

    @cached_property
    def _w_o(self) -> torch.Tensor:
        return self._backend.head_output_weights(self._how.head.layer)[self._how.head.head]

    def _clean(self, name: SiteName, unit: int) -> torch.Tensor:
        site = Site(self._how.head.layer, name)
        return self._kept(site, self._on, self._side)[unit].float().to(self._backend.device)

    def _tokens(self, unit: int) -> np.ndarray:
        return self._store.tokens(self._on, self._side)[unit]

    def _on_device(self, array: np.ndarray) -> torch.Tensor:
        return torch.as_tensor(array, device=self._backend.device)


def _among_the_first(
    logits: torch.Tensor, there: torch.Tensor, counts: torch.Tensor
) -> torch.Tensor:
    """Which are among the `counts`, `[n]`, largest of those that are there: `[n, k]`.

    Those that are predicted alike are all in, or all out where they are too many.
    """
    slack = _ROUNDING * logits.abs().amax(-1, keepdim=True)
    logits = logits.masked_fill(~there, -torch.inf)
    ranks = (logits[:, None] >= (logits - slack)[..., None]).sum(-1)
    return (ranks <= counts[:, None]) & there


def _others(count: int, seed: list[int]) -> np.ndarray:
    """Each of some things has another one, drawn at random: `[count]`."""
    order = np.random.default_rng(seed).permutation(count)
    others = np.empty(count, np.int64)
    others[order] = np.roll(order, 1)
    return others
