"""What a swap adds to each prompt: differences of means over other prompts, never over its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from circuit_assert.claims.directions import Floats, Names, matched_directions
from circuit_assert.claims.quantities import CannotTell, remembered
from circuit_assert.claims.separations import Axis
from circuit_assert.components import Direction, Site, parse_site
from circuit_assert.errors import ClaimError
from circuit_assert.measurements import Request, Residual
from circuit_assert.measurements.base import Scores
from circuit_assert.prompts.prompt_set import Prompt, PromptSet


class Swap(ABC):
    """Something that is exchanged by adding one vector to each prompt. Frozen and hashable."""

    site: Site

    @property
    @abstractmethod
    def role(self) -> str:
        """Where it is added."""

    @property
    @abstractmethod
    def sources(self) -> tuple[PromptSet, ...]:
        """The prompts that it is made of."""

    @property
    @abstractmethod
    def kind(self) -> str:
        """What template means (or concept means) its controls are differences of."""

    @property
    def changes_language(self) -> bool:
        """Whether it leads from one language to another."""
        return False

    @property
    def identity(self) -> str:
        """What tells it from other swaps."""
        made_of = " ".join(f"{each.name}#{each.fingerprint}" for each in self.sources)
        return f"{type(self).__name__} {self.site} {made_of}"

    def at(self, prompts: PromptSet) -> Request:
        """The residual streams of a prompt set where this acts."""
        return Request(Residual(self.site, self.role), prompts)

    def requests(self) -> tuple[Request, ...]:
        """What the swap is made of."""
        return tuple(self.at(source) for source in self.sources)

    @abstractmethod
    def vectors(self, prompts: Sequence[Prompt], scores: Scores) -> Floats:
        """What is added to each prompt at strength 1, float64[unit, d_model]."""

    def signs(self, prompts: Sequence[Prompt]) -> Floats:
        """1 for each prompt that the swap is added to, −1 where it is taken off: float64[unit]."""
        return np.ones(len(prompts))

    def controls(self, unrelated: PromptSet, pairs: int, scores: Scores) -> Floats:
        """Directions between unrelated prompts, both signs: float64[direction, d_model], unit norm.

        Args:
            unrelated: The prompts; `at` of them has been measured.
            pairs: How many pairs of means; twice as many directions.
            scores: What has been measured.
        """
        kept = _kept(unrelated, scores)
        names = np.array([prompt.clusters[self.kind] for prompt in kept])
        streams = scores[self.at(unrelated)].astype(np.float64)
        if self.kind == "concept":
            streams = _centred(streams, np.array([p.clusters["template"] for p in kept]))
        return matched_directions(streams, names, pairs)


@dataclass(frozen=True)
class Conditions(Swap):
    """One condition for another: the difference of their means, the own concept left out.

    Args:
        axis: The direction between their prompts, at its head what is put in.
    """

    axis: Axis

    @property
    def site(self) -> Site:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The direction's."""
        return self.axis.direction.site

    @property
    def role(self) -> str:
        """The last token."""
        return "end"

    @property
    def sources(self) -> tuple[PromptSet, ...]:
        """The prompts at its head and at its tail."""
        return self.axis.ends

    @property
    def kind(self) -> str:
        """It is a difference of templates."""
        return "template"

    @property
    def changes_language(self) -> bool:
        """Whether its ends are in different languages."""
        toward, away = self.axis.ends
        return not set(toward.languages) & set(away.languages)

    def __str__(self) -> str:
        toward, away = self.sources
        return f"{away.name} for {toward.name} at {self.site}"

    def vectors(self, prompts: Sequence[Prompt], scores: Scores) -> Floats:
        """The direction without each prompt's concept, as long as the whole one."""
        numbers = self.axis.numbers(scores)
        concepts = [prompt.clusters.get("concept", "") for prompt in prompts]
        return numbers.length * self.signs(prompts)[:, None] * numbers.rows(concepts)

    def signs(self, prompts: Sequence[Prompt]) -> Floats:
        """−1 on the way back."""
        ways = [prompt.clusters.get("way") for prompt in prompts]
        return np.array([-1.0 if way == "back" else 1.0 for way in ways])


@dataclass(frozen=True)
class Operands(Swap):
    """A prompt's word for its donor's: the difference of the means of their concepts.

    Args:
        of: Prompts with "concept" and "template" ids and the position "word".
        at_site: Where the word's last token is read, and changed.
    """

    of: PromptSet
    at_site: Site

    @property
    def site(self) -> Site:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Where it acts."""
        return self.at_site

    @property
    def role(self) -> str:
        """The word's last token."""
        return "word"

    @property
    def sources(self) -> tuple[PromptSet, ...]:
        """The prompts."""
        return (self.of,)

    @property
    def kind(self) -> str:
        """It is a difference of words."""
        return "concept"

    def __str__(self) -> str:
        return f"the words of {self.of.name} for others at {self.site}"

    def vectors(self, prompts: Sequence[Prompt], scores: Scores) -> Floats:
        """The donor's mean minus the own, template means taken off.

        Raises:
            CannotTell: for a prompt without a donor, or whose words were not measured.
        """
        means = self._means(scores)
        found: list[Floats] = []
        for prompt in prompts:
            own, donor = (prompt.clusters.get(name, "") for name in ("concept", "donor"))
            if own not in means or donor not in means:
                raise CannotTell(f"{self.of.name} has no word for {own!r} or its donor {donor!r}")
            found.append(means[donor] - means[own])
        return np.stack(found)

    @remembered
    def _means(self, scores: Scores) -> dict[str, Floats]:
        kept = _kept(self.of, scores)
        templates = np.array([prompt.clusters["template"] for prompt in kept])
        streams = _centred(scores[self.at(self.of)].astype(np.float64), templates)
        concepts = np.array([prompt.clusters["concept"] for prompt in kept])
        return {name: streams[concepts == name].mean(0) for name in np.unique(concepts).tolist()}


def swap_conditions(toward: PromptSet, *, versus: PromptSet, at: str) -> Conditions:
    """Swap one condition for another, as `swapping_changes_answer` takes it.

    Args:
        toward: Prompts of what is put in, with "concept" ids.
        versus: Prompts of what is taken out.
        at: A residual-stream site, where the last token is changed: "L10.resid_post".

    Raises:
        ComponentError: for a site that is not in the residual stream.
        ClaimError: when prompts have no "concept" ids.
    """
    made = Conditions(Axis(Direction(parse_site(at), toward, versus)))
    made.axis.ends  # noqa: B018 - raises when a concept is missing
    return made


def swap_operands(of: PromptSet, *, at: str) -> Operands:
    """Swap the word that a prompt asks about for another, as `swapping_changes_answer` takes it.

    Args:
        of: Prompts with "concept" and "template" ids and the position "word".
        at: A residual-stream site, where the word's last token is changed: "L2.resid_post".

    Raises:
        ComponentError: for an address that cannot be read.
        ClaimError: when the site is not in the residual stream, or ids or positions are missing.
    """
    site = parse_site(at)
    if not site.name.startswith("resid"):
        raise ClaimError(
            f"words are swapped in the residual stream; got {site}. "
            f"Nearest valid: L{site.layer}.resid_post."
        )
    for prompt in of:
        if "word" not in prompt.positions or not {"concept", "template"} <= set(prompt.clusters):
            raise ClaimError(
                f"{of.name}: every prompt needs the position 'word' and the ids 'concept' and "
                f"'template', as antonyms() have."
            )
    return Operands(of, site)


def _kept(prompts: PromptSet, scores: Scores) -> list[Prompt]:
    return [prompts.prompts[unit] for unit in scores.tokenized(prompts).kept]


def _centred(streams: Floats, groups: Names) -> Floats:
    centred = streams.copy()
    for name in np.unique(groups):
        centred[groups == name] -= streams[groups == name].mean(0)
    return centred
