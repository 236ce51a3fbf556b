"""Models run by transformer-lens."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import torch

from circuit_assert.backends.attending import attend_fused
from circuit_assert.backends.base import Edit, Read, Resume, Untouched
from circuit_assert.backends.blocks import Blocks
from circuit_assert.backends.gated_mlps import gate_in_place
from circuit_assert.backends.generation import Edits, Run, remembers_exactly, written_on
from circuit_assert.backends.head_inputs import by_query_head, embeddings
from circuit_assert.backends.importing import no_garbage_collected
from circuit_assert.backends.narrowing import given_back, only_at
from circuit_assert.backends.norms import compute_norms_once
from circuit_assert.backends.placement import device_of, devices_of, spread_over, wholly_on
from circuit_assert.backends.products import multiply_fast
from circuit_assert.backends.queries_keys import is_rotary, obstacle, vectors
from circuit_assert.backends.rereading import Rereading
from circuit_assert.backends.rms_norms import normalise_in_place
from circuit_assert.backends.short_ways import ShortWays
from circuit_assert.backends.shortcuts import (
    computes_alike,
    narrows_exactly,
    pads_exactly,
    rereads_exactly,
    resumes_exactly,
)
from circuit_assert.backends.stream import kept_in_the_stream
from circuit_assert.backends.vocabulary import log_probabilities, top_tokens
from circuit_assert.components import Site
from circuit_assert.errors import HookError, ModelError, ModelValidationError
from circuit_assert.linear import is_plain, linear
from circuit_assert.models.card import Card
from circuit_assert.models.planted import PlantedModel
from circuit_assert.prompts.base import Tokenizer

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

_HOOKS = {
    "resid_pre": "hook_resid_pre",
    "resid_mid": "hook_resid_mid",
    "resid_post": "hook_resid_post",
    "attn_out": "hook_attn_out",
    "mlp_read": "ln2.hook_in",
    "mlp_out": "hook_mlp_out",
    "mlp_post": "mlp.hook_post",
    "pattern": "attn.hook_pattern",
    "v": "attn.hook_v",
    "z": "attn.hook_z",
    "attn_post_scale": "ln1_post.hook_scale",
}
_OF_MLP = ("mlp_post", "mlp_out")
_ROWS_AT_ONCE = 128  # rows of full logits held together: 128 × 262,144 float32 is 134 MB
_ROWS_OF_PIECES, _TOKENS_AT_ONCE = 512, 4096  # 8 MB of logits, which caches hold


class _PassComplete(Exception):  # noqa: N818 - how a run ends, not an error
    """Ends a run once the last needed block has run."""


def boot(
    folder: Path,
    *,
    dtype: torch.dtype,
    devices: Sequence[str],
    tokenizer: Any = None,  # noqa: ANN401 - the library's own classes are untyped
) -> TransformerBridge:
    """A bridge around the Hugging Face model in a folder, without touching the network.

    Args:
        folder: The model's.
        dtype: What its weights are loaded as.
        devices: Where; blocks are spread over several CUDA devices as evenly as they go.
        tokenizer: One that a bridge of this folder had before; None to have it made.

    Raises:
        ModelError: when it cannot be loaded, or several devices together have no room for it.
    """
    with no_garbage_collected():
        import transformers
        from transformer_lens.model_bridge import TransformerBridge

    transformers.utils.logging.disable_progress_bar()
    where = {"device": devices[0]} if len(devices) == 1 else spread_over(devices)
    try:
        bridge = TransformerBridge.boot_transformers(
            str(folder), dtype=dtype, tokenizer=tokenizer, **where
        )
        return bridge if len(devices) == 1 else wholly_on(bridge, devices)
    except (OSError, ValueError, KeyError, NotImplementedError) as problem:
        raise ModelError(f"{folder} could not be loaded by transformer-lens: {problem}") from None


def boot_planted(
    planted: PlantedModel, *, dtype: torch.dtype, device: torch.device
) -> TransformerBridge:
    """A bridge around a planted model's native transformer.

    Raises:
        ModelValidationError: for weights that are not finite numbers.
    """
    with no_garbage_collected():
        from transformer_lens.config import TransformerBridgeConfig
        from transformer_lens.model_bridge.sources import build_bridge_from_module
        from transformer_lens.model_bridge.sources.native.model import NativeModel

    config = TransformerBridgeConfig.from_dict(dict(planted.settings))
    module = NativeModel(config)
    module.load_state_dict(planted.state_dict(), strict=True)
    module = module.to(device=device, dtype=dtype)
    bad = [name for name, tensor in module.state_dict().items() if not tensor.isfinite().all()]
    if bad:
        raise ModelValidationError(
            f"{planted.name} has weights that are not finite numbers, in {', '.join(bad[:3])}."
        )
    return build_bridge_from_module(
        module,
        architecture="TransformerLensNative",
        tl_config=config,
        tokenizer=None,
        dtype=dtype,
        device=device,
        model_name=planted.name,
    )


class TransformerLensBackend:
    """A `TransformerBridge` behind the engine's protocol.

    Args:
        bridge: The model, weights as they are (nothing folded, nothing centred). Its blocks may
            be on several devices: what hooks give and take is on one, `device`, whatever block
            it belongs to.
        name: What to call it.
        tokenizer: Its tokenizer.
        card: Its sizes.
        processing: How it was made, for the fingerprint.
    """

    def __init__(
        self,
        bridge: TransformerBridge,
        *,
        name: str,
        tokenizer: Tokenizer,
        card: Card,
        processing: str = "unprocessed",
    ) -> None:
        self.name = name
        self.card = card
        self.tokenizer = tokenizer
        bridge.eval()
        for parameter in bridge.original_model.parameters():
            parameter.requires_grad_(False)
        compute_norms_once(bridge)
        multiply_fast(bridge.original_model)
        self._ways = ShortWays()
        normalise_in_place(bridge.original_model, self._ways)
        gate_in_place(bridge.original_model, self._ways)
        attend_fused(bridge, self._ways)
        self._ways_tried = self._ways.parts == 0
        self._bridge = bridge
        self.devices = devices_of(bridge.original_model)
        self.device = self._head()[0].device
        self._rereading = Rereading(bridge, self.device)
        self._blocks = Blocks(bridge.original_model, card.layers)
        self.dtype = next(bridge.original_model.parameters()).dtype
        self.fingerprint = _fingerprint(bridge.original_model, f"{processing}/{self.dtype}")
        self.has_post_norms = "blocks.0.ln1_post.hook_scale" in bridge.hook_dict
        self._logit_cap = float(getattr(bridge.cfg, "output_logits_soft_cap", 0) or 0)
        self.caps_logits = self._logit_cap > 0
        self.has_parallel_blocks = bool(getattr(bridge.cfg, "parallel_attn_mlp", False))

    @contextmanager
    def in_float32(self) -> Generator[None]:
        """While it lasts, runs compute in float32 with the same weights, whatever their dtype."""
        model = self._bridge.original_model
        narrow = [
            tensor
            for tensor in (*model.parameters(), *model.buffers())
            if tensor.is_floating_point() and tensor.dtype != torch.float32
        ]
        kept = [tensor.data for tensor in narrow]
        try:
            for tensor in narrow:
                tensor.data = tensor.data.float()
            yield
        finally:
            for tensor, data in zip(narrow, kept, strict=True):
                tensor.data = data

    def step_by_step(self) -> AbstractContextManager[None]:
        """While it lasts, runs take every step of the model's own code."""
        return self._ways.left_out()

    @property
    def blocks_run(self) -> int:
        """How many blocks have been executed so far, over all runs."""
        return self._blocks.count

    @property
    def can_resume(self) -> bool:
        """Whether a run may start at a later block: tried once, against a whole run."""
        return self._can_resume

    @property
    def can_narrow(self) -> bool:
        """Whether the last MLP may run at some positions only: tried once, against a whole run."""
        return self._can_narrow

    @property
    def can_pad(self) -> bool:
        """Whether rows of several lengths may share a run: tried once, against a run of its own."""
        return self._can_pad

    @property
    def can_reread(self) -> bool:
        """Whether attention can be run again on other streams: tried once, on its own."""
        return self._can_reread

    @cached_property
    def _can_reread(self) -> bool:
        return self._uncounted(rereads_exactly)

    def reread(
        self, layer: int, streams: Mapping[str, torch.Tensor], rows: slice
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """What a layer's attention makes of other residual streams, within a run."""
        return self._rereading.heads(layer, streams, rows)

    @cached_property
    def _can_resume(self) -> bool:
        return self._blocks.found and self._uncounted(resumes_exactly)

    @cached_property
    def _can_narrow(self) -> bool:
        return self._uncounted(narrows_exactly)

    @cached_property
    def _can_pad(self) -> bool:
        return self._uncounted(pads_exactly)

    def _uncounted(self, tried: Callable[[TransformerLensBackend], bool]) -> bool:
        before = self._blocks.count
        try:
            return tried(self)
        finally:
            self._blocks.count = before

    @torch.no_grad()
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
        """Run blocks up to `last_layer`; return what leaves it, `[batch, pos, d_model]`.

        With `needed`, bool `[batch, pos]`, NaN where that is false, unless what the last MLP
        does is read or edited. What is `untouched` no MLP computes whose output is not read.

        Raises:
            HookError: when a site that is read or edited did not fire.
        """
        if not self._ways_tried and is_plain(self._head()[0]):
            self._ways_tried = True
            self._ways.taken = self._uncounted(lambda tried: computes_alike(tried, self._ways))
        edits = kept_in_the_stream(edits)
        narrowed: dict[int, torch.Tensor] = {}
        if untouched is not None:
            at_mlps = {site.layer for site in {*reads, *edits} if site.name in _OF_MLP}
            positions = untouched.positions.to(self.device)
            for layer, residual in untouched.leaving.items():
                if layer < last_layer and layer not in at_mlps:
                    after = Site(layer, "resid_post")
                    edits[after] = [given_back(residual, positions), *edits.get(after, ())]
                    narrowed[layer] = ~positions
        fired: set[Site] = set()
        hooks: list[tuple[str | Callable[..., Any], Callable[..., Any]]] = [
            (
                self._hook_name(site),
                self._hook(site, edits.get(site, ()), reads.get(site, ()), fired),
            )
            for site in sorted({*reads, *edits})
        ]
        at_last = {site.name for site in {*reads, *edits} if site.layer == last_layer}
        if needed is not None and not at_last & {*_OF_MLP, "resid_post"}:
            narrowed[last_layer] = needed
        watched = {site.layer for site in edits if site.name == "pattern"}
        with self._rereading.watching(watched):
            residual = self._run_to(tokens, hooks, last_layer, resume, narrowed)
        silent = {*reads, *edits} - fired
        if silent:
            missed = ", ".join(map(str, sorted(silent)))
            raise HookError(f"no activation passed {missed} of {self.name}: nothing was measured.")
        return residual

    def _run_to(
        self,
        tokens: torch.Tensor,
        hooks: list[tuple[str | Callable[..., Any], Callable[..., Any]]],
        last_layer: int,
        resume: Resume | None,
        narrowed: Mapping[int, torch.Tensor],
        *,
        memory: Any = None,  # noqa: ANN401 - the library's cache of keys and values
    ) -> torch.Tensor:
        leaving: list[torch.Tensor] = []

        def stop(residual: torch.Tensor, hook: Any) -> None:  # noqa: ANN401
            leaving.append(residual)
            raise _PassComplete

        hooks = [*hooks, (self._hook_name(Site(last_layer, "resid_post")), stop)]
        tokens = tokens.to(self.device)
        with ExitStack() as stack:
            stack.enter_context(self._blocks.running(resume))
            for layer, positions in narrowed.items():
                mlp = self._bridge.blocks[layer].mlp
                stack.enter_context(only_at(mlp, positions))
            try:
                remembered = {} if memory is None else {"past_key_values": memory}
                self._bridge.run_with_hooks(
                    tokens,
                    fwd_hooks=hooks,
                    return_type=None,
                    use_cache=memory is not None,
                    **remembered,
                )
            except _PassComplete:
                return leaving[0].to(self.device)
        raise HookError(f"block {last_layer} of {self.name} did not run.")

    def _hook(
        self, site: Site, edits: Sequence[Edit], reads: Sequence[Read], fired: set[Site]
    ) -> Any:  # noqa: ANN401
        def act(activation: torch.Tensor, hook: Any) -> torch.Tensor | None:  # noqa: ANN401
            if self._rereading.taken is not None:
                self._rereading.taken[site.name] = activation
                return None
            fired.add(site)
            there, activation = activation.device, activation.to(self.device)
            for edit in edits:
                activation = edit(activation)
            for read in reads:
                read(activation)
            return activation.to(there) if edits else None

        return act

    def _hook_name(self, site: Site) -> str:
        return f"blocks.{site.layer}.{_HOOKS[site.name]}"

    @torch.no_grad()
    def token_logits(self, residual: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """Logits of k tokens each: `[n, d_model]`, `[n, k]` → `[n, k]`."""
        normed = self._final_norm(residual)
        rows, bias = self._head()
        # in float32 whatever the dtype: logits of 20 are a sixteenth apart in bfloat16
        logits = torch.einsum("nd,nkd->nk", normed.float(), rows[tokens].float())
        if bias is not None:
            logits = logits + bias[tokens].float()
        return self._capped(logits)

    def generate(
        self,
        tokens: torch.Tensor,
        steps: int,
        *,
        site: Site | None = None,
        vectors: torch.Tensor | None = None,
        seed: int | None = None,
    ) -> torch.Tensor:
        """The tokens that follow rows of equal length: `[batch, pos]` → `[batch, steps]`."""
        cached = self._remembering() if self._can_remember else None
        return written_on(self, tokens, steps, site=site, vectors=vectors, seed=seed, cached=cached)

    @cached_property
    def _can_remember(self) -> bool:
        """Whether keys and values of earlier positions can be kept: tried once."""
        try:
            return self._uncounted(lambda tried: remembers_exactly(tried, tried._remembering))
        except (RuntimeError, TypeError, AttributeError, ImportError, HookError):
            return False  # a planted model has no such memory

    def _remembering(self) -> Run:
        """A run of new positions that remembers those of its earlier calls."""
        from transformers import DynamicCache

        config: Any = cast("Any", self._bridge.original_model).config
        memory = DynamicCache(config=config)
        last = self.card.layers - 1

        def run(tokens: torch.Tensor, edits: Edits) -> torch.Tensor:
            hooks: list[tuple[str | Callable[..., Any], Callable[..., Any]]] = [
                (self._hook_name(site), self._hook(site, made, (), set()))
                for site, made in edits.items()
            ]
            return self._run_to(tokens, hooks, last, None, {}, memory=memory)

        return run

    @torch.no_grad()
    def all_logits(self, residual: torch.Tensor, scale: torch.Tensor | None = None) -> torch.Tensor:
        """Logits of every token: `[n, d_model]` → `[n, vocabulary]`, the scale its own or given."""
        return self._all_logits(residual, scale)

    @torch.no_grad()
    def log_probabilities(self, residual: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """log p of one token each, in nats: `[n, d_model]`, `[n]` → `[n]`."""
        at_once = self._rows_at_once
        parts = zip(residual.split(at_once), tokens.split(at_once), strict=True)
        return torch.cat([self._log_probabilities(part, of) for part, of in parts])

    def _log_probabilities(self, residual: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        if self._piece < self.card.vocabulary:
            return log_probabilities(self._pieces(residual), tokens)
        whole = torch.log_softmax(self._all_logits(residual), dim=-1)
        return whole.gather(1, tokens[:, None])[:, 0]

    @property
    def _piece(self) -> int:
        """Tokens whose logits are made together: all on a GPU."""
        return _TOKENS_AT_ONCE if self.device.type == "cpu" else self.card.vocabulary

    @property
    def _rows_at_once(self) -> int:
        """Rows of logits held together, of a piece of the vocabulary on a CPU."""
        return _ROWS_OF_PIECES if self.device.type == "cpu" else _ROWS_AT_ONCE

    def _pieces(self, residual: torch.Tensor) -> Generator[tuple[int, torch.Tensor]]:
        """Logits of some tokens after the others, each with the first of them."""
        rows, bias = self._head()
        normed = self._final_norm(residual)
        for first in range(0, len(rows), self._piece):
            some = slice(first, first + self._piece)
            logits = linear(normed, rows[some], None if bias is None else bias[some])
            yield first, self._capped(logits).float()

    @torch.no_grad()
    def centred_logits(self, residual: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """Logits of k tokens each minus the vocabulary's mean: `[n, k]`."""
        if self.caps_logits:
            parts = residual.split(_ROWS_AT_ONCE)
            mean = torch.cat([self._all_logits(part).mean(-1) for part in parts])
        else:
            mean = self._mean_logit(residual)
        return self.token_logits(residual, tokens) - mean[:, None]

    def _mean_logit(self, residual: torch.Tensor) -> torch.Tensor:
        """That of the mean unembedding, as logits are linear in it: `[n, d_model]` → `[n]`."""
        row, bias = self._mean_head
        return self._final_norm(residual).float() @ row + bias

    @cached_property
    def _mean_head(self) -> tuple[torch.Tensor, float]:
        rows, bias = self._head()
        return rows.mean(0, dtype=torch.float32), 0.0 if bias is None else float(
            bias.float().mean()
        )

    @torch.no_grad()
    def top_tokens(self, residual: torch.Tensor, k: int) -> torch.Tensor:
        """The k tokens with the largest logits: `[n, d_model]` → `[n, k]`."""
        parts = residual.split(self._rows_at_once)
        return torch.cat([top_tokens(self._pieces(part), k) for part in parts])

    @torch.no_grad()
    def final_scale(self, residual: torch.Tensor) -> torch.Tensor:
        """What the final norm divides by: `[..., d_model]` → `[...]`."""
        kind = self._norm_kind()
        if kind is None:
            return torch.ones_like(residual[..., 0])
        centred = residual - residual.mean(-1, keepdim=True) if kind == "LN" else residual
        return (centred.float().pow(2).mean(-1) + float(self._bridge.cfg.eps)).sqrt()

    @torch.no_grad()
    def unembedding(self, tokens: torch.Tensor | None = None) -> torch.Tensor:
        """Unembedding rows times the final norm's gain, minus their vocabulary mean."""
        rows, _ = self._head()
        gain = self._gain(self._bridge.ln_final)
        mean, _ = self._mean_head
        chosen = ((rows if tokens is None else rows[tokens]).float() - mean) * gain
        if self._centres():
            chosen = chosen - chosen.mean(-1, keepdim=True)
        return chosen

    @torch.no_grad()
    def head_output_weights(self, layer: int) -> torch.Tensor:
        """W_O with the post-attention norm's gain folded in: `[head, d_head, d_model]`."""
        block = self._bridge.blocks[layer]
        split = self._rows(block.attn.o).reshape(self.card.heads, -1, self.card.d_model)
        return split * self._gain(block.ln1_post) if self.has_post_norms else split

    @torch.no_grad()
    def neuron_output_weights(self, layer: int) -> torch.Tensor:
        """W_out with the post-MLP norm's gain folded in: `[d_mlp, d_model]`."""
        block = self._bridge.blocks[layer]
        rows = self._rows(block.mlp.out)
        return rows * self._gain(block.ln2_post) if self.has_post_norms else rows

    @torch.no_grad()
    def head_output_bias(self, layer: int) -> torch.Tensor:
        """What attention writes beside its heads, the gain folded in as for them: `[d_model]`."""
        block = self._bridge.blocks[layer]
        bias = getattr(block.attn.o, "bias", None)
        if bias is None:
            return torch.zeros(self.card.d_model, device=self.device)
        return bias.to(self.device).float() * (
            self._gain(block.ln1_post) if self.has_post_norms else 1.0
        )

    @property
    def has_query_key_norms(self) -> bool:
        """Whether queries and keys are normalised, so that no matrix W_QK scores them."""
        return hasattr(self._bridge.blocks[0].attn, "q_norm")

    @property
    def has_rotary_positions(self) -> bool:
        """Whether queries and keys are turned by their positions."""
        return is_rotary(self._bridge)

    @torch.no_grad()
    def token_embeddings(self, tokens: torch.Tensor, *, effective: bool = False) -> torch.Tensor:
        """What tokens put into the residual stream: `[n]` → `[n, d_model]`."""
        made = embeddings(self._bridge, tokens, effective=effective)
        return made.to(self.device)

    @torch.no_grad()
    def normalised(self, residual: torch.Tensor) -> torch.Tensor:
        """What a block's norm makes of it, the gain aside: `[..., d_model]`."""
        centred = residual - residual.mean(-1, keepdim=True) if self._centres() else residual
        return centred / self.final_scale(residual)[..., None]

    @torch.no_grad()
    def head_input_weights(self, layer: int, which: Literal["q", "k", "v"]) -> torch.Tensor:
        """W_Q, W_K or W_V with the norm's gain folded in: `[head, d_model, d_head]`."""
        block = self._bridge.blocks[layer]
        rows = self._rows(getattr(block.attn, which))
        gain = self._gain(getattr(block, "ln1", None))
        return by_query_head(rows, gain, self.card, centred=self._centres())

    @property
    def no_queries_and_keys(self) -> str | None:
        """Why `queries_or_keys` cannot be worked out; None where they can."""
        return obstacle(self._bridge, self.card)

    @torch.no_grad()
    def queries_or_keys(
        self, layer: int, which: Literal["q", "k"], residual: torch.Tensor, position: int = 0
    ) -> torch.Tensor:
        """What a block makes of residual streams, norms and positions included."""
        made = vectors(self._bridge, residual, layer, which, position=position, card=self.card)
        return made.to(self.device)

    @property
    def has_gated_mlps(self) -> bool:
        """Whether neurons read by two rows, whose readings are multiplied."""
        return hasattr(self._bridge.blocks[0].mlp, "gate")

    @torch.no_grad()
    def neuron_input_weights(self, layer: int, which: Literal["in", "gate"]) -> torch.Tensor:
        """W_in, or that of gates, with the gain of the norm before it folded in."""
        block = self._bridge.blocks[layer]
        norm = block.ln2 if hasattr(block, "ln2") else getattr(block, "ln1", None)
        rows = self._rows(getattr(block.mlp, which)).T * self._gain(norm)
        return rows - rows.mean(-1, keepdim=True) if self._centres() else rows

    def _all_logits(
        self, residual: torch.Tensor, scale: torch.Tensor | None = None
    ) -> torch.Tensor:
        rows, bias = self._head()
        normed = self._final_norm(residual)
        if scale is not None and self._norm_kind() is not None:
            normed = self._at_scale(normed, self.final_scale(residual) / scale)
        logits = linear(normed, rows, bias)
        return self._capped(logits).float()

    def _final_norm(self, residual: torch.Tensor) -> torch.Tensor:
        if self._norm_kind() is None:
            return residual
        norm = self._bridge.ln_final
        return norm(residual[None].to(device_of(norm, self.device)))[0].to(self.device)

    def _at_scale(self, normed: torch.Tensor, by: torch.Tensor) -> torch.Tensor:
        """What the final norm gives, stretched, its bias left as it is: `[n, d_model]`, `[n]`."""
        bias = getattr(self._bridge.ln_final, "bias", None)
        offset = 0.0 if bias is None else bias.to(self.device).float()
        stretched = (normed.float() - offset) * by.float()[:, None] + offset
        return stretched.to(normed.dtype)

    def _head(self) -> tuple[torch.Tensor, torch.Tensor | None]:
        unembed = self._bridge.unembed.original_component
        return unembed.weight, getattr(unembed, "bias", None)

    def _capped(self, logits: torch.Tensor) -> torch.Tensor:
        cap = self._logit_cap
        return cap * torch.tanh(logits / cap) if self.caps_logits else logits

    def _norm_kind(self) -> str | None:
        kind = self._bridge.cfg.normalization_type
        return None if kind is None else ("LN" if kind.upper().startswith("LN") else "RMS")

    def _centres(self) -> bool:
        """Whether norms remove the mean of what they read."""
        return self._norm_kind() == "LN"

    def _gain(self, norm: Any) -> torch.Tensor:  # noqa: ANN401 - a bridge's norm component
        weight = getattr(norm, "weight", None)
        if self._norm_kind() is None or weight is None:
            return torch.ones(self.card.d_model, device=self.device)
        offset = 1.0 if getattr(self._bridge.cfg, "rmsnorm_uses_offset", False) else 0.0
        return weight.to(self.device).float() + offset

    def _rows(self, linear: Any) -> torch.Tensor:  # noqa: ANN401 - a bridge's linear component
        return _rows_of_inputs(linear).to(self.device).float()


def _rows_of_inputs(linear: Any) -> torch.Tensor:  # noqa: ANN401 - a bridge's linear component
    """Its weights as `[input, output]`: transposed in a Linear, as they are in GPT-2's Conv1D."""
    weights: torch.Tensor = linear.weight
    is_linear = isinstance(linear.original_component, torch.nn.Linear)
    return weights.T if is_linear else weights


def _fingerprint(module: torch.nn.Module, processing: str) -> str:
    digest = hashlib.sha256(processing.encode())
    seen: set[int] = set()
    for name, tensor in module.state_dict().items():
        if tensor.data_ptr() in seen and tensor.numel():
            continue  # tied weights count once
        seen.add(tensor.data_ptr())
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        digest.update(memoryview(flat.view(torch.uint8).numpy()))
    return digest.hexdigest()[:16]
