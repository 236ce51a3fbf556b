"""Checks at load: a model whose hooks lie would make every number wrong."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from circuit_assert.backends.base import Backend
from circuit_assert.components import Site, SiteName
from circuit_assert.errors import ModelValidationError
from circuit_assert.models.cache_folder import cache_root

_TOKENS = 12
_ROW_SUM = 1e-2  # bfloat16 has three digits
# Of the logits' range, or of the largest output.
_PARITY = {torch.float32: 2e-3, torch.bfloat16: 0.15, torch.float16: 0.05}


def validate(backend: Backend, *, plain: Path | None) -> None:
    """Attention rows sum to one, edits act and then are gone, parts add up to the whole.

    With files to compare with, logits equal the plain model's.

    Args:
        backend: The loaded model.
        plain: The folder to load the plain Hugging Face model from; None skips that check. It is
            made once for each fingerprint and remembered in the user's cache.

    Raises:
        ModelValidationError: naming the check that failed.
    """
    tokens = _probe_tokens(backend)
    _check_rows(backend, tokens)
    final = _check_edits(backend, tokens)
    _check_heads(backend, tokens)
    if not backend.caps_logits:
        _check_unembedding(backend, tokens, final[0])
    if plain is not None:
        _check_parity_once(backend, tokens, plain)


def _probe_tokens(backend: Backend) -> torch.Tensor:
    ordinary = backend.tokenizer.ordinary_tokens()
    start = len(ordinary) // 3
    row = [*backend.tokenizer.beginning, *ordinary[start : start + _TOKENS].tolist()]
    return torch.tensor([row])


def _check_rows(backend: Backend, tokens: torch.Tensor) -> None:
    layers = (0, backend.card.layers - 1)
    patterns: dict[int, torch.Tensor] = {}
    reads = {Site(n, "pattern"): [lambda a, n=n: patterns.update({n: a})] for n in layers}
    final = backend.run(tokens, reads=reads, edits={}, last_layer=backend.card.layers - 1)
    if not torch.isfinite(final).all():
        raise ModelValidationError(
            f"{backend.name} gives NaN or infinite activations on {tokens.shape[1]} tokens."
        )
    for layer, pattern in patterns.items():
        sums = pattern.float().sum(-1)
        if (sums - 1).abs().max() > _ROW_SUM:
            raise ModelValidationError(
                f"attention rows of layer {layer} of {backend.name} sum to "
                f"{sums.min():.3f}…{sums.max():.3f}, not to 1."
            )


def _check_edits(backend: Backend, tokens: torch.Tensor) -> torch.Tensor:
    """Edits act while they last; returns what leaves the last block without any."""
    last = backend.card.layers - 1
    before = backend.run(tokens, reads={}, edits={}, last_layer=last)
    sites = (Site(0, "z"), Site(last, "z"), Site(0, "resid_pre"), Site(last, "resid_post"))
    for site in sites:
        after = backend.run(tokens, reads={}, edits={site: [_doubled]}, last_layer=last)
        # A head may write nothing, a residual stream always does.
        if site.name != "z" and torch.equal(before, after):
            raise ModelValidationError(f"editing {site} of {backend.name} changes nothing.")
    again = backend.run(tokens, reads={}, edits={}, last_layer=last)
    if not torch.equal(before, again):
        raise ModelValidationError(
            f"an edit of {', '.join(map(str, sites[:-1]))} or {sites[-1]} of {backend.name} leaks "
            f"into the next run."
        )
    return before


def _doubled(activation: torch.Tensor) -> torch.Tensor:
    return activation * 2 + 1


def _check_heads(backend: Backend, tokens: torch.Tensor) -> None:
    """What heads write by their output weights adds up to what their layer writes."""
    layers = {0, backend.card.layers - 1}
    names: list[SiteName] = ["z", "attn_out"]
    if backend.has_post_norms:
        names.append("attn_post_scale")
    sites = [Site(layer, name) for layer in layers for name in names]
    kept: dict[Site, torch.Tensor] = {}
    reads = {site: [lambda a, site=site: kept.update({site: a.float()})] for site in sites}
    backend.run(tokens, reads=reads, edits={}, last_layer=backend.card.layers - 1)
    for layer in layers:
        values = kept[Site(layer, "z")]
        written = torch.einsum("bphd,hdm->pm", values, backend.head_output_weights(layer))
        if backend.has_post_norms:
            written = written / kept[Site(layer, "attn_post_scale")][0]
        off = _disagreement(written, kept[Site(layer, "attn_out")][0])
        if off > _PARITY[backend.dtype]:
            raise ModelValidationError(
                f"the heads of layer {layer} of {backend.name} do not add up to its attention "
                f"output: they are off by {off:.2g} of it."
            )


def _check_unembedding(backend: Backend, tokens: torch.Tensor, final: torch.Tensor) -> None:
    """The final residual stream over its scale, times the unembedding, is the centred logit."""
    some = tokens[0].to(final.device)
    logits = backend.centred_logits(final, some.expand(len(final), -1))
    direct = final.float() @ backend.unembedding(some).T / backend.final_scale(final)[:, None]
    off = _disagreement(direct, logits)
    if off > _PARITY[backend.dtype]:
        raise ModelValidationError(
            f"logits of {backend.name} are not the unembedding of the normalised residual stream: "
            f"they are off by {off:.2g} of the largest."
        )


def _disagreement(parts: torch.Tensor, whole: torch.Tensor) -> float:
    """How far `parts` differs from `whole`, but for a bias that is the same at every position.

    Both are `[pos, n]`; the result is a share of the largest number in `whole`.
    """
    difference = parts - whole
    off = float((difference - difference[:1]).abs().max())
    return off / max(float(whole.abs().max()), torch.finfo(torch.float32).tiny)


def _check_parity_once(backend: Backend, tokens: torch.Tensor, plain: Path) -> None:
    stamp = cache_root() / "validated" / f"{backend.fingerprint}.json"
    if stamp.exists():
        return
    worst = _worst_difference(backend, tokens, plain)
    allowed = _PARITY[backend.dtype]
    if worst > allowed:
        raise ModelValidationError(
            f"{backend.name} differs from the plain Hugging Face model by {worst:.2g} of the "
            f"logits' range, more than {allowed:g}."
        )
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(json.dumps({"model": backend.name, "difference": worst}))


def _worst_difference(backend: Backend, tokens: torch.Tensor, plain: Path) -> float:
    from transformers import AutoModelForCausalLM

    final = backend.run(tokens, reads={}, edits={}, last_layer=backend.card.layers - 1)[0]
    some = torch.arange(0, backend.card.vocabulary, max(1, backend.card.vocabulary // 997))
    ours = backend.token_logits(final, some.to(final.device).expand(len(final), -1)).cpu()
    model = AutoModelForCausalLM.from_pretrained(plain, dtype=final.dtype, local_files_only=True)
    with torch.no_grad():
        theirs = model(tokens).logits[0].float()[:, some]
    return float((ours - theirs).abs().max() / (theirs.max() - theirs.min()))
