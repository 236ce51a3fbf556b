"""Descriptions of what is done to a model; nothing here runs one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

from circuit_assert.components import (
    Component,
    Direction,
    Head,
    Latent,
    Neuron,
    Site,
    SiteName,
    Vector,
    named,
)
from circuit_assert.errors import ClaimError
from circuit_assert.prompts.base import Prompts, Side

How = Literal["zero", "mean", "resample"]
Part = Literal["both", "ov", "qk"]
Instead = Literal["tokens", "predictions"]


class Intervention(Protocol):
    """Anything that edits activations during a run."""

    @property
    def sites(self) -> tuple[Site, ...]:
        """Where it acts."""
        ...

    def __str__(self) -> str: ...


def first_layer(intervention: Intervention) -> int:
    """The first layer an intervention touches: the layers below it run as they always do."""
    return min(site.layer for site in intervention.sites)


def _refuse_features(components: tuple[Component, ...], what: str) -> None:
    """Latents and vectors are taken out with what they do not explain left as it was."""
    found = [component for component in components if isinstance(component, Latent | Vector)]
    if found:
        raise ClaimError(
            f"{what} does not take {found[0]}, a {found[0].noun}: feature_matters takes it out and "
            f"keeps the rest of the activation as it was."
        )


def _sites(components: tuple[Component, ...]) -> tuple[Site, ...]:
    return tuple(sorted({component.site for component in components}))


@dataclass(frozen=True)
class Ablation:
    """Replace components' activations by what they would be without information.

    Args:
        components: Heads, neurons, MLPs or directions.
        how: "zero"; "mean" over the reference prompts of the same template and length, at the
            same position, the unit itself left out; or "resample" from another such prompt.
        reference: The prompts that give means and donors; None means the measured ones.
        reference_side: Whether these are the reference's clean or corrupt prompts.
        draw: For "resample", which of the unit's donors.
        seed: For "resample", what the donors are drawn with.
        at: A role ("IO", "end") to ablate at one position only; None means every position.
        frozen_scale: In models with post-norms, scale each layer's attention output as in the
            clean run, so that ablating a head does not rescale its layer-mates.
        may_do_nothing: Whether it is one of many controls, for which changing nothing is a result.
    """

    components: tuple[Component, ...]
    how: How = "mean"
    reference: Prompts | None = None
    reference_side: Side = "clean"
    draw: int = 0
    seed: int = 0
    at: str | None = None
    frozen_scale: bool = False
    may_do_nothing: bool = False

    def __post_init__(self) -> None:
        if not self.components:
            raise ClaimError("an ablation needs at least one component.")
        _refuse_features(self.components, "an ablation")
        if self.how not in ("zero", "mean", "resample"):
            raise ClaimError(f'ablation is "zero", "mean" or "resample"; got {self.how!r}.')

    @property
    def sites(self) -> tuple[Site, ...]:
        """Where it acts."""
        sites = _sites(self.components)
        if not self.frozen_scale:
            return sites
        layers = {site.layer for site in sites}
        scales = [Site(n, name) for n in layers for name in ("attn_post_scale", "attn_out")]
        return tuple(sorted({*sites, *scales}))

    def __str__(self) -> str:
        where = f" at {self.at}" if self.at else ""
        over = f" over {self.reference.name}" if self.reference else ""
        return f"{self.how} ablation{over} of {named(self.components)}{where}"


@dataclass(frozen=True)
class Resampling:
    """Give each component the activation it has on another prompt of the template and length.

    Donors are drawn for each component by itself, alike for all that agree with the unit on the
    component's feature. A unit that has none keeps its activation.

    Args:
        components: Heads or MLPs, each with its feature (`prompts.agreement`); None for any donor.
        draw: Which of several draws.
        seed: What donors are drawn with.
        may_do_nothing: Whether changing nothing is a result.
    """

    components: tuple[tuple[Component, str | None], ...]
    draw: int = 0
    seed: int = 0
    may_do_nothing: bool = False

    def __post_init__(self) -> None:
        if not self.components:
            raise ClaimError("resampling needs at least one component.")

    @property
    def sites(self) -> tuple[Site, ...]:
        """Where it acts."""
        return _sites(tuple(component for component, _ in self.components))

    def __str__(self) -> str:
        by = ", ".join(f"{each} by {feature}" for each, feature in self.components if feature)
        return f"resampling {len(self.components)} components, {by or 'by nothing'}, {self.draw}"


@dataclass(frozen=True)
class PreservingAblation:
    """Mean ablation of a head that leaves its copy suppression in place.

    With A the head's pattern, r_s what attending to s alone would write, and m_d what the head
    writes at d on average over other prompts (as for `Ablation`), it writes at d

        m_d + Σ_s A_ds · k_ds · P_s(r_s − m_d)   instead of   Σ_s A_ds · r_s.

    P_s keeps what lowers the token at s: the component along its unembedding where that is
    negative, nothing else. k_ds is 1 where the token at s is, by the logit lens at d before the
    layer, among the first of those that stand at d or before it; the beginning token is none.

    It acts where the attention output joins the residual stream, or on what leaves a later block.
    A norm that the output passes on the way divides as in the clean run.

    Args:
        head: The head.
        keeping: "ov" has k_ds = 1 everywhere, "qk" has P_s(x) = x; None keeps nothing, which is
            the mean ablation.
        sources: How many of the tokens at d and before are among the first, as a share of the
            positions there, rounded up.
        instead: A control. "tokens": P_s is that of another token of the prompt, drawn at random.
            "predictions": k_ds goes by what is predicted at another position, drawn at random.
        seed: What is drawn with.
        into: The block behind which it acts: behind the last one, nothing but the unembedding
            reads it, which is the direct effect. None for at once.
    """

    head: Head
    keeping: Part | None = "both"
    sources: float = 0.05
    instead: Instead | None = None
    seed: int = 0
    into: int | None = None

    @property
    def may_do_nothing(self) -> bool:
        """Whether changing nothing is a result: where copy suppression is all that there is."""
        return self.keeping is not None

    @property
    def sites(self) -> tuple[Site, ...]:
        """Where it acts."""
        if self.into is None:
            return (Site(self.head.layer, "attn_out"),)
        return (Site(self.into, "resid_post"),)

    def reads(self, *, has_post_norms: bool) -> tuple[Site, ...]:
        """What is needed of the clean run."""
        names: tuple[SiteName, ...] = ("resid_pre", "pattern", "v", "z")
        scale: tuple[SiteName, ...] = ("attn_post_scale",) if has_post_norms else ()
        return tuple(Site(self.head.layer, name) for name in (*names, *scale))

    def __str__(self) -> str:
        where = "" if self.into is None else f", behind block {self.into}"
        if self.keeping is None:
            return f"mean ablation of {self.head}, norms' scales frozen{where}"
        part = "" if self.keeping == "both" else f" by {self.keeping.upper()} alone"
        control = f", of other {self.instead}" if self.instead else ""
        return f"ablation of {self.head} but for copy suppression{part}{control}{where}"


@dataclass(frozen=True)
class Patch:
    """Activation patching: give components the activation they have on the other side's prompt.

    Args:
        components: Heads, neurons or MLPs.
        source: "clean" (denoising a corrupt run) or "corrupt" (noising a clean run).
        at: A role to patch at one position only; None means every position.
        may_do_nothing: Whether it is one of many controls, for which changing nothing is a result.
    """

    components: tuple[Component, ...]
    source: Side
    at: str | None = None
    may_do_nothing: bool = False

    def __post_init__(self) -> None:
        _refuse_features(self.components, "patching")

    @property
    def sites(self) -> tuple[Site, ...]:
        """Where it acts."""
        return _sites(self.components)

    def __str__(self) -> str:
        where = f" at {self.at}" if self.at else ""
        return f"patching {named(self.components)} from the {self.source} prompt{where}"


@dataclass(frozen=True)
class Steer:
    """Add a multiple of a direction to the residual stream.

    Args:
        direction: What is added, as it is (not normalised).
        strength: How many times it is added.
        at: A role; None means every position.
    """

    direction: Direction
    strength: float = 1.0
    at: str | None = "end"

    @property
    def sites(self) -> tuple[Site, ...]:
        """Where it acts."""
        return (self.direction.site,)

    def __str__(self) -> str:
        return f"adding {self.strength:+g} × ({self.direction})"


@dataclass(frozen=True)
class Shift:
    """Add one given vector per unit to the residual stream at one position.

    Args:
        site: A residual-stream site.
        vectors: `[unit, d_model]`, numbered as the prompt set's kept units.
        key: What identifies the vectors; two shifts with one key are the same intervention.
        at: A role.
    """

    site: Site
    vectors: object = field(compare=False, repr=False)
    key: str
    at: str = "end"

    @property
    def sites(self) -> tuple[Site, ...]:
        """Where it acts."""
        return (self.site,)

    def __str__(self) -> str:
        return f"shift {self.key} at {self.site}"


@dataclass(frozen=True)
class ReplaceAtPositions:
    """Set neurons to given values at given positions of given units, leaving the rest alone.

    Args:
        neurons: The neurons, all in one layer.
        where: `[n, 2]` unit and position pairs.
        values: `[n, neuron]`, what the activations become there.
        key: What identifies the numbers.
    """

    neurons: tuple[Neuron, ...]
    where: object = field(compare=False, repr=False)
    values: object = field(compare=False, repr=False)
    key: str

    @property
    def sites(self) -> tuple[Site, ...]:
        """Where it acts."""
        return _sites(self.neurons)

    def __str__(self) -> str:
        return f"setting {named(self.neurons)} ({self.key})"


@dataclass(frozen=True)
class AddAtPositions:
    """Add multiples of one vector to a site at given positions of given units.

    Args:
        site: The site.
        vector: `[width of the site]`.
        where: `[n, 2]` unit and position pairs.
        amounts: `[n]`, how many times it is added there.
        key: What identifies the numbers; two with one key are the same intervention.
        may_do_nothing: Whether changing nothing is a result.
    """

    site: Site
    vector: object = field(compare=False, repr=False)
    where: object = field(compare=False, repr=False)
    amounts: object = field(compare=False, repr=False)
    key: str
    may_do_nothing: bool = False

    @property
    def sites(self) -> tuple[Site, ...]:
        """Where it acts."""
        return (self.site,)

    def __str__(self) -> str:
        return f"adding {self.key} at {self.site}"
