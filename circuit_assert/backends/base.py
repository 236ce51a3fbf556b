"""What the engine asks of a model, whichever library runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from circuit_assert.components import Site
from circuit_assert.models.card import Card
from circuit_assert.prompts.base import Tokenizer

if TYPE_CHECKING:
    import torch

Read: TypeAlias = "Callable[[torch.Tensor], None]"
Edit: TypeAlias = "Callable[[torch.Tensor], torch.Tensor]"


@dataclass(frozen=True)
class Resume:
    """Where a run may start instead of at the embedding.

    Args:
        layer: The first block that runs.
        residual: What enters it, `[batch, pos, d_model]`.
    """

    layer: int
    residual: torch.Tensor


@dataclass(frozen=True)
class Untouched:
    """Where a run is known to give what another gave, so that it need not be computed.

    Args:
        positions: bool `[batch, pos]`, true where nothing can differ.
        leaving: By block, what leaves it in the other run, `[batch, pos, d_model]`.
    """

    positions: torch.Tensor
    leaving: Mapping[int, torch.Tensor]


class Backend(Protocol):
    """One loaded model."""

    @property
    def name(self) -> str:
        """The model's name."""
        ...

    @property
    def card(self) -> Card:
        """Its sizes."""
        ...

    @property
    def fingerprint(self) -> str:
        """A hash of weights, processing flags and dtype: equal numbers come from equal prints."""
        ...

    @property
    def tokenizer(self) -> Tokenizer:
        """Its tokenizer."""
        ...

    @property
    def device(self) -> torch.device:
        """Where what is read and edited is, and what is worked out from weights."""
        ...

    @property
    def devices(self) -> Sequence[torch.device]:
        """Where its weights are: that device, and others if its blocks are spread over several."""
        ...

    @property
    def dtype(self) -> torch.dtype:
        """Of its weights."""
        ...

    def in_float32(self) -> AbstractContextManager[None]:
        """While it lasts, runs compute in float32 with the same weights, whatever their dtype."""
        ...

    def step_by_step(self) -> AbstractContextManager[None]:
        """While it lasts, runs take every step of the model's own code."""
        ...

    @property
    def has_post_norms(self) -> bool:
        """Whether attention and MLP outputs are normalised before they join the residual."""
        ...

    @property
    def caps_logits(self) -> bool:
        """Whether logits are bent towards a largest value, so that they are no sum of parts."""
        ...

    @property
    def blocks_run(self) -> int:
        """How many blocks have been executed so far, over all runs."""
        ...

    def run(
        self,
        tokens: torch.Tensor,
        *,
        reads: Mapping[Site, Sequence[Read]],
        edits: Mapping[Site, Sequence[Edit]],
        last_layer: int,
        resume: Resume | None = None,
        needed: torch.Tensor | None = None,
        untouched: Untouched | None = None,
    ) -> torch.Tensor:
        """Run the blocks up to `last_layer` and return what leaves it, `[batch, pos, d_model]`.

        Edits at a site happen before its reads. The unembedding does not run. With `needed`,
        bool `[batch, pos]`, what is returned may be NaN where that is false. What is `untouched`
        may be taken from there instead of being computed.
        """
        ...

    @property
    def can_resume(self) -> bool:
        """Whether `resume` skips the blocks below it with exactly equal results."""
        ...

    @property
    def can_narrow(self) -> bool:
        """Whether `needed` and `untouched` save work with equal results, within rounding."""
        ...

    @property
    def can_pad(self) -> bool:
        """Whether tokens after a row's last leave its own as they are, within rounding."""
        ...

    def generate(
        self,
        tokens: torch.Tensor,
        steps: int,
        *,
        site: Site | None = None,
        vectors: torch.Tensor | None = None,
        draws: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """The tokens that follow rows of equal length: `[batch, pos]` → `[batch, steps]`.

        Args:
            tokens: The rows.
            steps: How many tokens to write.
            site: Where vectors are added, at every position but the first.
            vectors: `[batch, d_model]`.
            draws: `[batch, steps]`, uniform between 0 and 1: where in the cumulated distribution
                of the next token, at temperature 1, each is; None for the likeliest ones.
        """
        ...

    def all_logits(self, residual: torch.Tensor) -> torch.Tensor:
        """Logits of every token: `[n, d_model]` → `[n, vocabulary]`."""
        ...

    def entropy(self, residual: torch.Tensor, scale: torch.Tensor | None = None) -> torch.Tensor:
        """Of the next token's distribution, in nats: `[n, d_model]` → `[n]`.

        With `scale`, `[n]`, the final norm divides by that instead of its own.
        """
        ...

    def divergence(self, residual: torch.Tensor, logs: torch.Tensor) -> torch.Tensor:
        """KL divergence of the next token's distribution to another, in nats.

        `[n, d_model]` and log q of each token, `[vocabulary]` → `[n]`.
        """
        ...

    def log_probabilities(self, residual: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """log p of k tokens each, in nats: `[n, d_model]`, `[n, k]` → `[n, k]`."""
        ...

    def token_logits(self, residual: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """Logits of k tokens each: `[n, d_model]`, `[n, k]` → `[n, k]`."""
        ...

    def centred_logits(self, residual: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """Logits of k tokens each minus the vocabulary's mean: `[n, k]`."""
        ...

    def top_tokens(self, residual: torch.Tensor, k: int) -> torch.Tensor:
        """The k tokens with the largest logits: `[n, d_model]` → `[n, k]`."""
        ...

    def final_scale(self, residual: torch.Tensor) -> torch.Tensor:
        """What the final norm divides by: `[..., d_model]` → `[...]`."""
        ...

    def unembedding(self, tokens: torch.Tensor | None = None) -> torch.Tensor:
        """Unembedding rows times the final norm's gain, minus their vocabulary mean.

        `[n, d_model]` for given tokens, `[vocabulary, d_model]` for all.
        """
        ...

    def head_output_weights(self, layer: int) -> torch.Tensor:
        """W_O with the post-attention norm's gain folded in: `[head, d_head, d_model]`."""
        ...

    def neuron_output_weights(self, layer: int) -> torch.Tensor:
        """W_out with the post-MLP norm's gain folded in: `[d_mlp, d_model]`."""
        ...

    def head_output_bias(self, layer: int) -> torch.Tensor:
        """What attention writes beside its heads, the gain folded in as for them: `[d_model]`."""
        ...

    @property
    def can_reread(self) -> bool:
        """Whether `reread` gives what attention gave, where it is given the same streams."""
        ...

    @property
    def has_parallel_blocks(self) -> bool:
        """Whether an MLP reads what the heads of its layer read, not what they write."""
        ...

    def reread(
        self, layer: int, streams: Mapping[str, torch.Tensor], rows: slice
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """What a layer's attention makes of other residual streams, within a run.

        To be called in an edit of the layer's `pattern`.

        Args:
            layer: Which.
            streams: "q", "k" and "v" → what each reads before the norm, `[row, pos, d_model]`.
            rows: Which rows of the run these are.

        Returns:
            `z` `[row, pos, head, d_head]` and the pattern `[row, head, query, key]`.
        """
        ...

    @property
    def has_query_key_norms(self) -> bool:
        """Whether queries and keys are normalised, so that no matrix W_QK scores them."""
        ...

    @property
    def has_rotary_positions(self) -> bool:
        """Whether queries and keys are turned by their positions."""
        ...

    def token_embeddings(self, tokens: torch.Tensor, *, effective: bool = False) -> torch.Tensor:
        """What tokens put into the residual stream: `[n]` → `[n, d_model]`.

        Learned positions are left out; `effective` adds what the first MLP makes of it.
        """
        ...

    def normalised(self, residual: torch.Tensor) -> torch.Tensor:
        """What a block's norm makes of it, the gain aside: `[..., d_model]`."""
        ...

    def head_input_weights(self, layer: int, which: Literal["q", "k", "v"]) -> torch.Tensor:
        """W_Q, W_K or W_V with the norm's gain folded in: `[head, d_model, d_head]`.

        Heads that share keys and values have the same W_K and W_V.
        """
        ...

    @property
    def no_queries_and_keys(self) -> str | None:
        """Why `queries_or_keys` cannot be worked out; None where they can."""
        ...

    def queries_or_keys(
        self, layer: int, which: Literal["q", "k"], residual: torch.Tensor, position: int = 0
    ) -> torch.Tensor:
        """What a block makes of residual streams: `[n, d_model]` → `[n, head, d_head]`."""
        ...

    @property
    def has_gated_mlps(self) -> bool:
        """Whether neurons read by two rows, whose readings are multiplied."""
        ...

    def neuron_input_weights(self, layer: int, which: Literal["in", "gate"]) -> torch.Tensor:
        """W_in with the norm's gain folded in: `[d_mlp, d_model]`; of gated neurons, up-rows."""
        ...
