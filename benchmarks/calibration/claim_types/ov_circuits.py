"""OV circuits: positivity and the share on the diagonal at their bounds."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count

import numpy as np
import numpy.typing as npt

from benchmarks.calibration.claim_types.case import Case, detectable
from circuit_assert import Claim, Session, ov_circuit_copies, token_sample
from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models import copying_model, graded_copying_model

_WIDTH, _VOCABULARY, _TOKENS = 12, 2000, 400
_NAME = "ov_circuit_copies"
Reals = npt.NDArray[np.float64]


def _circuit(rng: np.random.Generator, copying: float) -> Reals:
    """Coordinates that are copied by more or less, and turned into each other."""
    by = rng.lognormal(0.0, 0.6, _WIDTH)
    return np.diag(copying * by) + rng.normal(0.0, 0.5, (_WIDTH, _WIDTH))


def _planted(seed: int, copying: float) -> PlantedModel:
    circuit = _circuit(np.random.default_rng([seed, 6]), copying)
    name = f"{seed}-{copying:g}"
    return graded_copying_model(name, circuit, vocabulary=_VOCABULARY, seed=2 * seed)


def population(planted: PlantedModel) -> tuple[float, float]:
    """Positivity and share over all tokens, the first 1000 being ranked, worked out by hand."""
    weights = {name: w.double().numpy() for name, w in planted.state_dict().items()}
    read = weights["tok_embed.weight"] @ weights["layers.0.attn.v.weight"][:_WIDTH].T
    written = read @ weights["layers.0.attn.o.weight"][:, :_WIDTH].T
    logits = written @ (weights["head.weight"] - weights["head.weight"].mean(0)).T
    ordinary = logits[1:, 1:]
    eigenvalues = np.linalg.eigvals(ordinary)
    ranks = (ordinary >= np.diag(ordinary)[:, None]).sum(1)
    positivity = float(eigenvalues.real.sum() / np.abs(eigenvalues).sum())
    return positivity, float((ranks <= 10).mean())


def _claims(planted: PlantedModel, *, by: float = -0.5, share: float = 0.0) -> Iterator[Claim]:
    head = Session().model(planted)["L0H0"]
    return (
        ov_circuit_copies(head, tokens=token_sample(_TOKENS, seed=seed), by=by, share=share)
        for seed in count(1)
    )


def _positivity_at_by(copying: float, seed: int) -> Iterator[Claim]:
    planted = _planted(seed, copying)
    return _claims(planted, by=population(planted)[0])


def _share_at_its_bound(seed: int) -> Iterator[Claim]:
    planted = _planted(seed, 1.5)
    return _claims(planted, share=population(planted)[1])


def _clearly(seed: int) -> Iterator[Claim]:
    return _claims(_planted(seed, 3.0), by=0.2, share=0.05)


def _detectable_positivity(seed: int) -> Iterator[Claim]:
    """Above the bound by what the evidence says would be supported 8 times in 10."""
    planted = _planted(seed, 1.5)
    by = population(planted)[0]
    less = detectable(next(_claims(planted, by=by)), "spectrum")
    return _claims(planted, by=by - less)


def _of_random_weights(seed: int) -> Iterator[Claim]:
    model = Session().model(copying_model().with_random_weights(seed))
    return (ov_circuit_copies(head, by=0.2, share=0.2) for head in model.heads().each())


CASES = (
    Case(_NAME, "spectrum", "at the bound", partial(_positivity_at_by, 0.5)),
    Case(_NAME, "spectrum, high", "at the bound", partial(_positivity_at_by, 1.5)),
    Case(_NAME, "diagonal", "at the bound", _share_at_its_bound),
    Case(_NAME, "clearly", "true", _clearly, share=0.1),
    Case(_NAME, "spectrum by the detectable effect", "true", _detectable_positivity, share=0.3),
    Case(_NAME, "heads of random weights", "easy null", _of_random_weights, models=4, share=0.1),
)
