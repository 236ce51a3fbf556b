"""Toy models: more features than dimensions, x' = ReLU(Wᵀ W x + b), trained on sparse features."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from circuit_assert.errors import ClaimError
from circuit_assert.superposition.geometry import Reals

if TYPE_CHECKING:
    import torch

    from circuit_assert.claims.claim import Claim
    from circuit_assert.evidence import Evidence
    from circuit_assert.session import Session

Kind = Literal["relu", "linear", "random"]
_BATCH, _RATE = 128, 0.01
_HELD_OUT = 8192


@dataclass(frozen=True)
class ToyModels:
    """Toy models of one kind, one for each seed: what a claim about superposition is about.

    Features are uniform in [0, 1] with probability 1 − sparsity, else 0, independently of each
    other. Each seed's model is the best of `tries`, as training ends in local minima.

    Args:
        features: n.
        dimensions: m, fewer than features.
        sparsity: S.
        importance: Feature i counts importance^i in the loss.
        seeds: How many models.
        kind: "relu"; "linear", without the ReLU, as a control; or "random": not trained, with
            columns as long as the trained ones' on average, another control.
        steps: Of Adam.
        tries: From how many beginnings each model is trained.
        seed: Of the first model.
        false_pass_rate: α for claims about them.
    """

    features: int = 20
    dimensions: int = 5
    sparsity: float = 0.95
    importance: float = 1.0
    seeds: int = 20
    kind: Kind = "relu"
    steps: int = 1000
    tries: int = 2
    seed: int = 0
    false_pass_rate: float = 0.01

    def __post_init__(self) -> None:
        if not 0 < self.dimensions < self.features:
            raise ClaimError(
                f"there are more features than dimensions, at least one; got {self.features} and "
                f"{self.dimensions}."
            )
        if not 0 <= self.sparsity < 1 or not 0 < self.importance <= 1:
            raise ClaimError("the sparsity is from 0 to below 1, the importance above 0 to 1.")
        if min(self.seeds, self.steps, self.tries) < 1:
            raise ClaimError("seeds, steps and tries count from 1.")

    @property
    def name(self) -> str:
        """How sentences call them."""
        return (
            f"{self.kind} toy models ({self.features} features, {self.dimensions} dimensions, "
            f"sparsity {self.sparsity:g})"
        )

    @property
    def identity(self) -> str:
        """All that makes them."""
        return repr(self)

    def __str__(self) -> str:
        return self.name

    def at(self, sparsity: float, kind: Kind | None = None) -> ToyModels:
        """The same at another sparsity, or of another kind."""
        return replace(self, sparsity=sparsity, kind=kind or self.kind)

    def trained(self) -> tuple[Reals, Reals]:
        """Weights `[seed, dimension, feature]` and biases `[seed, feature]`; trained once."""
        return _trained(self)

    def losses(self) -> Reals:
        """Mean squared error of each feature on fresh data: `[seed, feature]`."""
        return _losses(self)

    @property
    def variance(self) -> float:
        """Of a feature: the error of predicting its mean."""
        p = 1 - self.sparsity
        return p / 3 - p**2 / 4

    def judge(self, claim: Claim) -> Evidence:
        """The evidence for a claim about them."""
        from circuit_assert.superposition.court import judged

        evidence = judged(self, claim)
        for tell in _observed().on_judged:
            tell(claim, evidence)
        return evidence

    def announce(self, claim: Any, /) -> None:  # noqa: ANN401 - as `Owner` has it
        """Take note that a claim about them was made."""
        _observed().announce(claim)

    def asked(self, claim: Any, evidence: Any, /) -> None:  # noqa: ANN401
        """Take note that a claim's truth was asked for."""
        _observed().asked(claim, evidence)


def _observed() -> Session:
    """The session that reports listen to; it judges nothing here, as nothing has to be run."""
    from circuit_assert.session import default_session

    return default_session()


@lru_cache(maxsize=64)
def _trained(toy: ToyModels) -> tuple[Reals, Reals]:
    import torch

    if toy.kind == "random":
        weights, bias = _trained(replace(toy, kind="relu"))
        generator = np.random.default_rng(toy.seed)
        drawn = generator.standard_normal(weights.shape)
        length = np.linalg.norm(weights, axis=1, keepdims=True)
        return length * drawn / np.linalg.norm(drawn, axis=1, keepdims=True), bias
    count = toy.seeds * toy.tries
    generator = torch.Generator().manual_seed(toy.seed)
    weights = torch.randn(count, toy.dimensions, toy.features, generator=generator)
    weights = (weights / toy.features**0.5).requires_grad_()
    bias = torch.zeros(count, toy.features, requires_grad=True)
    optimiser = torch.optim.Adam([weights, bias], lr=_RATE)
    scale = _importance(toy)
    for step in range(toy.steps):
        optimiser.param_groups[0]["lr"] = _RATE * (1 - step / toy.steps)
        x = _drawn(toy, count, _BATCH, generator)
        loss = ((x - _output(toy, weights, bias, x)) ** 2 * scale).mean((1, 2)).sum()
        optimiser.zero_grad()
        loss.backward()  # pyright: ignore[reportUnknownMemberType]
        optimiser.step()
    with torch.no_grad():
        x = _drawn(toy, count, _HELD_OUT // 4, generator)
        held = ((x - _output(toy, weights, bias, x)) ** 2 * scale).mean((1, 2))
        best = held.view(toy.seeds, toy.tries).argmin(1) + torch.arange(toy.seeds) * toy.tries
        return weights[best].double().numpy(), bias[best].double().numpy()


@lru_cache(maxsize=64)
def _losses(toy: ToyModels) -> Reals:
    import torch

    weights, bias = (torch.from_numpy(a).float() for a in _trained(toy))
    generator = torch.Generator().manual_seed(10**6 + toy.seed)
    x = _drawn(toy, toy.seeds, _HELD_OUT, generator)
    with torch.no_grad():
        return ((x - _output(toy, weights, bias, x)) ** 2).mean(1).double().numpy()


def _output(
    toy: ToyModels, weights: torch.Tensor, bias: torch.Tensor, x: torch.Tensor
) -> torch.Tensor:
    hidden = x @ weights.transpose(1, 2)
    found = hidden @ weights + bias[:, None]
    return found if toy.kind == "linear" else found.relu()


def _drawn(toy: ToyModels, count: int, batch: int, generator: torch.Generator) -> torch.Tensor:
    import torch

    shape = (count, batch, toy.features)
    values = torch.rand(shape, generator=generator)
    return values * (torch.rand(shape, generator=generator) >= toy.sparsity)


def _importance(toy: ToyModels) -> torch.Tensor:
    import torch

    return toy.importance ** torch.arange(toy.features, dtype=torch.float32)
