"""Claims about components that put words together from tokens, late in the model."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from circuit_assert.claims.ablations import ablation_of
from circuit_assert.claims.claim import claim
from circuit_assert.claims.component_effects import ComponentEffect, beats_peers
from circuit_assert.claims.criteria import Body, Criterion, all_of
from circuit_assert.claims.quantities import CannotTell, Measured
from circuit_assert.components import MLP, Component, Neuron, Subject
from circuit_assert.errors import ComponentError
from circuit_assert.interventions import Ablation, How
from circuit_assert.measurements import Request
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.measurements.within_words import FIRST, INSIDE, LossWithinWords
from circuit_assert.prompts.base import Prompts
from circuit_assert.stats.region import above

_LOSS = LossWithinWords()


@claim(
    "{component} retokenizes",
    source="Gurnee et al. 2023, arXiv:2305.01610; Lad, Gurnee & Tegmark 2024, arXiv:2406.19384",
)
def neuron_retokenizes(
    component: Subject,
    *,
    on: Prompts,
    by: float,
    ablation: How = "mean",
    reference: Prompts | None = None,
) -> Body:
    """Without it the model loses more inside of words than at their beginnings.

    A difference of differences: the rise of the loss on tokens that go on with a word, when the
    component is ablated, minus the rise on tokens that begin one, is above `by`; the first of the
    two is above zero; and the difference is so with the activation at zero as well, so that it is
    by what the component writes, and not by being silent where words begin. All are means over
    the tokens of a document; documents are the clusters, and those without tokens of both kinds
    are left out. Control: components much like it, neurons of its layer that write about as much
    or other MLPs, make less of a difference.

    Args:
        component: A neuron, several, or a layer's MLP.
        on: Documents with words of several tokens in this model. Shipped English ones have next to
            none; `paragraphs("de")` has many.
        by: Smallest difference that counts, in nats.
        ablation: "mean", over all positions of the other documents, or "zero"; as in
            `ablation_drops_logit`.
        reference: Documents whose activations give the mean; by default these.

    Raises:
        ComponentError: for anything but neurons and MLPs.
        ClaimError: for an unknown ablation.

    Published:
        Only the hypothesis: that late layers turn concepts back into the tokens of words.

    Pitfalls:
        A token goes on with a word when it begins with a letter right after one: German compounds,
        names, typing errors and code are all that. Words that are cut are rarer than others: what
        matters for rare words matters for these, and the neurons beside it are the control. An
        early layer that detokenizes matters inside of words as well; nothing here is about late.
    """
    others = [c for c in component.components if not isinstance(c, Neuron | MLP)]
    if others:
        raise ComponentError(
            f"neuron_retokenizes is about neurons and MLPs; {others[0]} is a {others[0].noun}."
        )
    how = ablation_of(component, ablation, on, reference)
    harm = HarmWithinWords(on, how)
    owner = component.model
    return all_of(
        Criterion(
            "difference",
            harm,
            above(by),
            f"rise of the loss inside of words under {ablation} ablation, minus at beginnings,",
            "nats",
            owner,
        ),
        Criterion(
            "inside",
            replace(harm, only="inside"),
            above(0.0),
            "rise of the loss inside of words",
            "nats",
            owner,
        ),
        Criterion(
            "by what it writes",
            replace(harm, how=Ablation(component.components, "zero")),
            above(0.0),
            "the same difference under zero ablation",
            "nats",
            owner,
        ),
        guards=[beats_peers(component, harm, by, "nats")],
    )


@dataclass(frozen=True)
class HarmWithinWords(ComponentEffect):
    """The rise of the loss inside of words minus that at their beginnings, by document.

    Args:
        on: The documents.
        how: The ablation.
        only: "inside" for the rise inside of words alone.
    """

    on: Prompts
    how: Ablation
    only: Literal["inside"] | None = None

    @property
    def components(self) -> tuple[Component, ...]:
        """What is ablated."""
        return self.how.components

    def of(self, components: tuple[Component, ...]) -> HarmWithinWords:
        """The same of other components."""
        return replace(self, how=replace(self.how, components=components))

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The losses with the component and without."""
        return self._both

    def measured(self, scores: Scores) -> Measured:
        """The difference, for each document with tokens of both kinds.

        Raises:
            CannotTell: when there is none.
        """
        clean, without = (scores[request].astype(np.float64) for request in self._both)
        rises = without - clean
        there = np.isfinite(clean.sum(1))
        if not there.any():
            raise CannotTell(f"no document of {self.on.name} has tokens inside of words")
        values = rises[:, INSIDE] - (0.0 if self.only else rises[:, FIRST])
        prompts = scores.tokenized(self.on)
        every = Measured(values, prompts.clusters, tuple(prompts.kept.tolist()))
        note = f"{there.sum()} of {len(there)} documents have tokens inside of words"
        return every.keeping(there, note)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of the losses."""
        return max(floor_of(request) for request in self._both)

    @property
    def _both(self) -> tuple[Request, Request]:
        return Request(_LOSS, self.on), Request(_LOSS, self.on, "clean", self.how)
