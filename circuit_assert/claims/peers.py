"""Few peers: components much like the subject that should do less than it does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from circuit_assert.claims.quantities import CannotTell, remembered
from circuit_assert.components import MLP, Component, Direction, Head, Latent, Neuron, Vector
from circuit_assert.errors import ClaimError
from circuit_assert.measurements import HeadOutputMoments, NeuronActivations, Request
from circuit_assert.measurements.base import AnyRequest, Scores, WeightRequest
from circuit_assert.measurements.norms import NeuronOutputNorms
from circuit_assert.prompts.base import Prompts
from circuit_assert.prompts.prompt_set import Prompt, PromptSet
from circuit_assert.prompts.unrelated import unrelated

LEAST = 5
_MOST = 8
_FACTOR = 2.0  # how much a peer's output norm may differ
_WINDOW = 2  # layers on each side, widened until there are enough


class Candidates(ABC):
    """Components that could be peers of one component, the most alike first."""

    @abstractmethod
    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """What it takes to tell."""

    @abstractmethod
    def found(self, scores: Scores) -> Sequence[Component]:
        """The candidates."""


def candidates_for(
    component: Component, on: Prompts, apart_from: Collection[Component] = ()
) -> Candidates:
    """Where a component's peers are looked for.

    Args:
        component: The component.
        on: The prompts on which outputs are compared.
        apart_from: Heads that cannot be peers.
    """
    match component:
        case Head():
            return _HeadCandidates(component, on, frozenset(apart_from))
        case Neuron():
            return _NeuronCandidates(component, on)
        case MLP():
            return _MLPCandidates(component)
        case Direction():
            return _DirectionCandidates(component)
        case Latent() | Vector():
            raise ClaimError(f"{component} is compared with its like by feature_matters.")


def peer_sets(
    components: tuple[Component, ...],
    on: Prompts,
    scores: Scores,
    apart_from: Collection[Component] = (),
) -> list[tuple[Component, ...]]:
    """Up to eight sets of as many components, each member matched to one of the subject's.

    Args:
        components: The subject's.
        on: The prompts on which outputs are compared.
        scores: What is known.
        apart_from: Components that cannot be peers.

    Raises:
        CannotTell: when there are fewer than five.
    """
    columns = [
        [
            candidate
            for candidate in candidates_for(component, on, apart_from).found(scores)
            if candidate not in components and candidate not in apart_from
        ]
        for component in components
    ]
    longest = min(map(len, columns))
    # Alike members have the same candidates, so each starts further down the list than the last.
    rounds = ((turn, stride) for stride in range(1, longest) for turn in range(longest))
    sets: dict[frozenset[Component], tuple[Component, ...]] = {}
    for turn, stride in rounds if len(components) > 1 else ((t, 0) for t in range(longest)):
        chosen = tuple(
            column[(turn + place * stride) % len(column)] for place, column in enumerate(columns)
        )
        if len(set(chosen)) == len(components):
            sets.setdefault(frozenset(chosen), chosen)
    if len(sets) < LEAST:
        raise CannotTell(
            f"there are {len(sets)} peers with an output norm within a factor of {_FACTOR:g}; "
            f"{LEAST} are needed for the control"
        )
    return list(sets.values())[:_MOST]


def peers_need(components: tuple[Component, ...], on: Prompts, scores: Scores) -> list[AnyRequest]:
    """What it takes to tell the peers of a set."""
    return [r for component in components for r in candidates_for(component, on).needs(scores)]


@dataclass(frozen=True)
class _HeadCandidates(Candidates):
    head: Head
    on: Prompts
    apart_from: frozenset[Component] = frozenset()

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        return (Request(HeadOutputMoments(), self.on),)

    def found(self, scores: Scores) -> Sequence[Component]:
        norms = head_output_norms(scores, self.on)
        own = norms[self.head.layer, self.head.head]
        alike = [
            Head(int(layer), int(head))
            for layer, head in np.argwhere(_within_factor(norms, own))
            if Head(int(layer), int(head)) not in {self.head, *self.apart_from}
        ]
        alike.sort(key=lambda h: abs(np.log(norms[h.layer, h.head] / own)))
        return _near(alike, self.head.layer, scores.weights.card.layers)


@dataclass(frozen=True)
class _NeuronCandidates(Candidates):
    neuron: Neuron
    on: Prompts

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        layer = self.neuron.layer
        return (
            Request(NeuronActivations(layer), self.on),
            WeightRequest(NeuronOutputNorms(layer)),
        )

    def found(self, scores: Scores) -> Sequence[Component]:
        activity, norms = (scores[request] for request in self.needs(scores))
        written = activity.mean(0) * norms
        own = written[self.neuron.neuron]
        alike = np.flatnonzero(_within_factor(written, own))
        order = alike[np.argsort(np.abs(np.log(written[alike] / own)), kind="stable")]
        layer = self.neuron.layer
        return [Neuron(layer, int(n)) for n in order if int(n) != self.neuron.neuron][: 4 * _MOST]


@dataclass(frozen=True)
class _MLPCandidates(Candidates):
    mlp: MLP

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        return ()

    def found(self, scores: Scores) -> Sequence[Component]:
        layers = range(scores.weights.card.layers)
        others = [MLP(layer) for layer in layers if layer != self.mlp.layer]
        others.sort(key=lambda mlp: abs(mlp.layer - self.mlp.layer))
        return others


@dataclass(frozen=True)
class _DirectionCandidates(Candidates):
    """Differences between unrelated prompt templates, at the same site."""

    direction: Direction

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        return ()

    def found(self, scores: Scores) -> Sequence[Component]:
        templates = _by_template(unrelated(per_concept=7))
        pairs = list(combinations(range(len(templates)), 2))
        order = np.random.default_rng(0).permutation(len(pairs))[: 4 * _MOST]
        chosen = (pairs[i] for i in order)
        return [Direction(self.direction.site, templates[a], templates[b]) for a, b in chosen]


def head_output_norms(scores: Scores, on: Prompts) -> npt.NDArray[np.float64]:
    """‖(z − z̄) W_O‖, root mean square over units and positions: `[layer, head]`.

    Args:
        scores: With `HeadOutputMoments` on the prompts.
        on: The prompts.
    """
    return _OutputNorms(on).of(scores)


@dataclass(frozen=True)
class _OutputNorms:
    """Worked out once for each set of prompts: every claim about a head asks for them.

    Args:
        on: The prompts.
    """

    on: Prompts

    @remembered
    def of(self, scores: Scores) -> npt.NDArray[np.float64]:
        return _output_norms(scores, self.on)


def _output_norms(scores: Scores, on: Prompts) -> npt.NDArray[np.float64]:
    moments = scores[Request(HeadOutputMoments(), on)].astype(np.float64)
    squared, mean_z = moments[..., 0].mean(0), moments[..., 1:].mean(0)
    of_mean = np.empty_like(squared)
    for layer in range(len(squared)):
        w_o = scores.weights.head_output_weights(layer).double().cpu().numpy()
        of_mean[layer] = (np.einsum("hd,hdm->hm", mean_z[layer], w_o) ** 2).sum(-1)
    return np.sqrt(np.maximum(squared - of_mean, 0.0))


def _within_factor(norms: npt.NDArray[np.float64], own: float) -> npt.NDArray[np.bool_]:
    return (norms > 0) & (norms <= own * _FACTOR) & (norms >= own / _FACTOR)


def _near(alike: list[Head], layer: int, layers: int) -> list[Head]:
    """Those in the smallest window of layers that holds enough; all of them where none does."""
    for window in range(_WINDOW, layers):
        near = [head for head in alike if abs(head.layer - layer) <= window]
        if len(near) > LEAST + 1:
            return near
    return alike


def _by_template(prompts: PromptSet) -> list[PromptSet]:
    names = list(dict.fromkeys(prompts.clusters["template"]))
    if len(names) < LEAST:
        raise ClaimError(f"{prompts.name} has only {len(names)} templates.")
    return [prompts.where(_is_of(name)) for name in names]


def _is_of(template: str) -> Callable[[Prompt], bool]:
    return lambda prompt: prompt.clusters["template"] == template
