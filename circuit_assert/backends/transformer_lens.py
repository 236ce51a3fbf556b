"""Models run by transformer-lens."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch

from circuit_assert.backends.attending import attend_fused
from circuit_assert.backends.base import Edit, Read, Resume, Untouched
from circuit_assert.backends.blocks import Blocks
from circuit_assert.backends.bridge_logits import BridgeLogits
from circuit_assert.backends.gated_mlps import gate_in_place
from circuit_assert.backends.generation import Edits, Run, remembers_exactly, written_on
from circuit_assert.backends.hooking import Hook, hooked
from circuit_assert.backends.importing import no_garbage_collected
from circuit_assert.backends.narrowing import given_back, only_at
from circuit_assert.backends.norms import compute_norms_once
from circuit_assert.backends.placement import devices_of, spread_over, wholly_on
from circuit_assert.backends.products import multiply_fast
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
from circuit_assert.components import Site
from circuit_assert.errors import HookError, ModelError, ModelValidationError
from circuit_assert.linear import is_plain
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


class TransformerLensBackend(BridgeLogits):
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
        super().__init__(bridge, card)
        self.name = name
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
        self.devices = devices_of(bridge.original_model)
        self._rereading = Rereading(bridge, self.device)
        self._blocks = Blocks(bridge.original_model, card.layers)
        self.dtype = next(bridge.original_model.parameters()).dtype
        self.fingerprint = _fingerprint(bridge.original_model, f"{processing}/{self.dtype}")
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
        hooks: list[Hook] = [
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
        hooks: Sequence[Hook],
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
            stack.enter_context(hooked(self._points, hooks))
            for layer, positions in narrowed.items():
                mlp = self._bridge.blocks[layer].mlp
                stack.enter_context(only_at(mlp, positions))
            try:
                remembered = {} if memory is None else {"past_key_values": memory}
                self._bridge.forward(
                    tokens, return_type=None, use_cache=memory is not None, **remembered
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

    @cached_property
    def _points(self) -> Mapping[str, Any]:
        return self._bridge.hook_dict

    def generate(
        self,
        tokens: torch.Tensor,
        steps: int,
        *,
        site: Site | None = None,
        vectors: torch.Tensor | None = None,
        draws: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """The tokens that follow rows of equal length: `[batch, pos]` → `[batch, steps]`."""
        cached = self._remembering() if self._can_remember else None
        return written_on(
            self, tokens, steps, site=site, vectors=vectors, draws=draws, cached=cached
        )

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
            hooks: list[Hook] = [
                (self._hook_name(site), self._hook(site, made, (), set()))
                for site, made in edits.items()
            ]
            return self._run_to(tokens, hooks, last, None, {}, memory=memory)

        return run


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
