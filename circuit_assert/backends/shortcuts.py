"""Ways to run less of a model, each tried against a whole run before it is used."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch

from circuit_assert.backends.base import Backend, Resume
from circuit_assert.backends.short_ways import ShortWays
from circuit_assert.components import Site
from circuit_assert.errors import SlowerWarning

_ROWS, _LENGTH = 2, 8
_ROUNDINGS = 32  # by how many units in the last place products of other shapes may differ


def computes_alike(backend: Backend, ways: ShortWays) -> bool:
    """Whether parts that go shorter ways give what they give by themselves, within rounding.

    Warns when they do not.
    """
    return _tried(
        backend,
        "compute its parts in fewer steps",
        lambda tried: _alike(tried, ways),
        instead="all their steps are taken",
    )


def _alike(backend: Backend, ways: ShortWays) -> bool:
    layers = backend.card.layers
    patterns = {Site(layer, "pattern"): [_ignored] for layer in range(layers)}
    with ways.compared() as off:
        for reads in ({}, patterns):
            backend.run(_tokens(backend), reads=reads, edits={}, last_layer=layers - 1)
    return all(each <= _ROUNDINGS * torch.finfo(torch.float32).eps for each in off)


def _ignored(activation: torch.Tensor) -> None:
    """Read, so that a run goes the way of those that are."""


def resumes_exactly(backend: Backend) -> bool:
    """Whether a run from the middle block on equals a whole run, bit for bit.

    Warns when it does not: interventions then cost whole runs.
    """
    layers = backend.card.layers
    if layers == 1:
        return False
    return _tried(backend, "start at a later block", _resumes)


def _resumes(backend: Backend) -> bool:
    middle, last = backend.card.layers // 2, backend.card.layers - 1
    entering: list[torch.Tensor] = []
    reads = {Site(middle, "resid_pre"): [entering.append]}
    tokens = _tokens(backend)
    whole = backend.run(tokens, reads=reads, edits={}, last_layer=last)
    resume = Resume(middle, entering[0])
    return torch.equal(
        whole, backend.run(tokens, reads={}, edits={}, last_layer=last, resume=resume)
    )


def narrows_exactly(backend: Backend) -> bool:
    """Whether the last MLP, run at some positions only, gives there what it gives in a whole run.

    Equal within rounding: products of other shapes add in another order. Warns when it does not.
    """
    return _tried(backend, "compute the last MLP where it is read only", _narrows)


def _narrows(backend: Backend) -> bool:
    last = backend.card.layers - 1
    tokens = _tokens(backend)
    needed = torch.zeros(tokens.shape, dtype=torch.bool, device=tokens.device)
    needed[0, -1] = needed[1, :3] = True
    whole = backend.run(tokens, reads={}, edits={}, last_layer=last)[needed]
    narrow = backend.run(tokens, reads={}, edits={}, last_layer=last, needed=needed)[needed]
    within = _ROUNDINGS * torch.finfo(whole.dtype).eps * float(whole.abs().max())
    return float((whole - narrow).abs().max()) <= within


def pads_exactly(backend: Backend) -> bool:
    """Whether a row gives the same with tokens after its last as it does alone.

    So it is where attention looks back only. Equal within rounding. Warns when it is not.
    """
    return _tried(backend, "run rows of several lengths together", _pads)


def _pads(backend: Backend) -> bool:
    last = backend.card.layers - 1
    tokens = _tokens(backend)
    short = _LENGTH // 2
    tokens[0, short:] = tokens[0, short - 1]
    together = backend.run(tokens, reads={}, edits={}, last_layer=last)[:1, :short]
    alone = backend.run(tokens[:1, :short], reads={}, edits={}, last_layer=last)
    within = _ROUNDINGS * torch.finfo(alone.dtype).eps * float(alone.abs().max())
    return float((together - alone).abs().max()) <= within


def rereads_exactly(backend: Backend) -> bool:
    """Whether attention, run again on the stream that it has read, gives the same within rounding.

    Tried with a layer's queries alone, its keys and its values reading the stream of other tokens
    too: each then has to matter.
    """
    return _tried(backend, "run attention again on another residual stream", _rereads)


def _rereads(backend: Backend) -> bool:
    layer = backend.card.layers // 2
    pre, pattern, z = (Site(layer, name) for name in ("resid_pre", "pattern", "z"))
    seen: dict[Site, torch.Tensor] = {}
    found: list[tuple[torch.Tensor, torch.Tensor]] = []

    def again(passing: torch.Tensor) -> torch.Tensor:
        streams = dict.fromkeys("qkv", seen[pre])
        found.append(backend.reread(layer, streams, slice(0, _ROWS)))
        for slot in "qkv":
            other = {**streams, slot: seen[pre].flip(0)}
            found.append(backend.reread(layer, other, slice(0, _ROWS)))
        return passing

    reads = {site: [lambda a, site=site: seen.update({site: a.clone()})] for site in (pre, z)}
    backend.run(_tokens(backend), reads=reads, edits={pattern: [again]}, last_layer=layer)
    (same, _), *others = found
    within = _ROUNDINGS * torch.finfo(same.dtype).eps * float(same.abs().max())
    unlike = [float((other - same).abs().max()) > within for other, _ in others]
    return float((same - seen[z]).abs().max()) <= within and all(unlike)


def _tokens(backend: Backend) -> torch.Tensor:
    count = _ROWS * _LENGTH
    tokens = torch.arange(2, 2 + count, device=backend.device) % backend.card.vocabulary
    return tokens.view(_ROWS, _LENGTH)


def _tried(
    backend: Backend,
    what: str,
    works: Callable[[Backend], bool],
    *,
    instead: str = "whole runs are made",
) -> bool:
    """Whether a shortcut works; where it does not, a warning says so and why."""
    why = "results would differ"
    try:
        if works(backend):
            return True
    except (RuntimeError, TypeError, KeyError, IndexError) as problem:
        why = f"it fails with {problem!r}"
    warnings.warn(
        f"{backend.name} cannot {what} ({why}), so {instead} instead: slower, with the same "
        f"results.",
        SlowerWarning,
        stacklevel=2,
    )
    return False
