"""Ways to run less of a model, each tried against a whole run before it is used."""

from __future__ import annotations

import warnings

import torch

from circuit_assert.backends.base import Backend, Resume
from circuit_assert.components import Site
from circuit_assert.errors import SlowerWarning

_ROWS, _LENGTH = 2, 8
_ROUNDINGS = 32  # by how many units in the last place products of other shapes may differ


def resumes_exactly(backend: Backend) -> bool:
    """Whether a run from the middle block on equals a whole run, bit for bit.

    Warns when it does not: interventions then cost whole runs.
    """
    layers = backend.card.layers
    if layers == 1:
        return False
    middle, last = layers // 2, layers - 1
    entering: list[torch.Tensor] = []
    site = Site(middle, "resid_pre")
    tokens = _tokens(backend)
    try:
        whole = backend.run(tokens, reads={site: [entering.append]}, edits={}, last_layer=last)
        resume = Resume(middle, entering[0])
        resumed = backend.run(tokens, reads={}, edits={}, last_layer=last, resume=resume)
    except (RuntimeError, TypeError, KeyError, IndexError) as problem:
        return _refused(backend, "start at a later block", f"it fails with {problem!r}")
    if torch.equal(whole, resumed):
        return True
    return _refused(backend, "start at a later block", "results would differ")


def narrows_exactly(backend: Backend) -> bool:
    """Whether the last MLP, run at some positions only, gives there what it gives in a whole run.

    Equal within rounding: products of other shapes add in another order.
    """
    last = backend.card.layers - 1
    tokens = _tokens(backend)
    needed = torch.zeros(tokens.shape, dtype=torch.bool, device=tokens.device)
    needed[0, -1] = needed[1, :3] = True
    try:
        whole = backend.run(tokens, reads={}, edits={}, last_layer=last)[needed]
        narrow = backend.run(tokens, reads={}, edits={}, last_layer=last, needed=needed)[needed]
    except (RuntimeError, TypeError, KeyError, IndexError) as problem:
        what = "compute the last MLP where it is read only"
        return _refused(backend, what, f"it fails with {problem!r}")
    within = _ROUNDINGS * torch.finfo(whole.dtype).eps * float(whole.abs().max())
    if float((whole - narrow).abs().max()) <= within:
        return True
    return _refused(backend, "compute the last MLP where it is read only", "results would differ")


def _tokens(backend: Backend) -> torch.Tensor:
    count = _ROWS * _LENGTH
    tokens = torch.arange(2, 2 + count, device=backend.device) % backend.card.vocabulary
    return tokens.view(_ROWS, _LENGTH)


def _refused(backend: Backend, what: str, why: str) -> bool:
    warnings.warn(
        f"{backend.name} cannot {what} ({why}), so whole runs are made instead: slower, with the "
        f"same results.",
        SlowerWarning,
        stacklevel=2,
    )
    return False
