"""Addresses as the papers write them: "L5H1" is `Head(layer=5, head=1)`, and nothing more."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, TypeAlias, TypeVar, get_args, runtime_checkable

from circuit_assert.errors import ComponentError

SiteName: TypeAlias = Literal[
    "resid_pre",
    "resid_mid",
    "resid_post",
    "attn_out",
    "mlp_read",
    "mlp_out",
    "mlp_post",
    "pattern",
    "v",
    "z",
    "attn_post_scale",
]
SITE_NAMES: tuple[str, ...] = get_args(SiteName)


@dataclass(frozen=True, order=True)
class Site:
    """A place in the model where an activation can be read: `L9.resid_post`.

    Args:
        layer: Counts from zero.
        name: One of `SITE_NAMES`. `v` is the values, `[batch, pos, kv_head, d_head]`.
            `mlp_read` is what the MLP reads before its norm, as a branch: an edit there changes
            what the MLP writes and leaves the residual stream as it was.
            `attn_post_scale` is the norm applied to the attention output of models with
            post-norms, `[batch, pos, 1]`.
    """

    layer: int
    name: SiteName

    def __str__(self) -> str:
        return f"L{self.layer}.{self.name}"


@dataclass(frozen=True, order=True)
class Head:
    """An attention head, counted as query heads are (also where heads share keys and values)."""

    layer: int
    head: int
    noun: ClassVar[str] = "head"

    def __str__(self) -> str:
        return f"L{self.layer}H{self.head}"

    @property
    def site(self) -> Site:
        """Where an intervention on the head acts: its `z`, `[batch, pos, head, d_head]`."""
        return Site(self.layer, "z")


@dataclass(frozen=True, order=True)
class Neuron:
    """One coordinate of an MLP's hidden activation."""

    layer: int
    neuron: int
    noun: ClassVar[str] = "neuron"

    def __str__(self) -> str:
        return f"L{self.layer}N{self.neuron}"

    @property
    def site(self) -> Site:
        """Where an intervention on the neuron acts: `mlp_post`, `[batch, pos, d_mlp]`."""
        return Site(self.layer, "mlp_post")


@dataclass(frozen=True, order=True)
class MLP:
    """A whole MLP layer."""

    layer: int
    noun: ClassVar[str] = "MLP"

    def __str__(self) -> str:
        return f"L{self.layer}.mlp"

    @property
    def site(self) -> Site:
        """Where an intervention on the MLP acts: `mlp_out`, `[batch, pos, d_model]`."""
        return Site(self.layer, "mlp_out")


@runtime_checkable
class NamedPrompts(Protocol):
    """What a direction needs to know of a prompt set: that it has a name and is hashable."""

    @property
    def name(self) -> str:
        """How sentences call the set."""
        ...

    @property
    def fingerprint(self) -> str:
        """A hash of its contents."""
        ...


@dataclass(frozen=True)
class Direction:
    """The difference of mean activations of two prompt sets at their last token.

    Args:
        site: Where it is read; a residual-stream site.
        toward: Prompts at the direction's head.
        away: Prompts at its tail.
    """

    site: Site
    toward: NamedPrompts
    away: NamedPrompts
    noun: ClassVar[str] = "direction"

    def __post_init__(self) -> None:
        if not self.site.name.startswith("resid"):
            raise ComponentError(
                f"a direction lives in the residual stream; got {self.site}. "
                f"Nearest valid: L{self.site.layer}.resid_post."
            )

    @property
    def layer(self) -> int:
        """The layer of its site."""
        return self.site.layer

    def __str__(self) -> str:
        return f"{self.toward.name} − {self.away.name} at {self.site}"


@dataclass(frozen=True)
class Vector:
    """A direction that is given by its numbers: read from a file, or made from activations.

    Args:
        site: Where it is read; a residual-stream site.
        name: What sentences call it.
        numbers: `[d_model]`; only their direction counts.
        origin: The projection from which on it counts as active.
    """

    site: Site
    name: str
    numbers: tuple[float, ...] = field(repr=False)
    origin: float = 0.0
    noun: ClassVar[str] = "vector"

    def __post_init__(self) -> None:
        if not self.site.name.startswith("resid"):
            raise ComponentError(
                f"a vector lives in the residual stream; got {self.site}. "
                f"Nearest valid: L{self.site.layer}.resid_post."
            )
        norm = math.hypot(*self.numbers)
        if not math.isfinite(norm) or norm == 0.0:
            raise ComponentError(f"{self.name} has no direction: its norm is {norm}.")

    @property
    def layer(self) -> int:
        """The layer of its site."""
        return self.site.layer

    @property
    def identity(self) -> str:
        """What tells it from others: its numbers."""
        said = f"{self.site} {self.origin!r} {self.numbers!r}"
        return f"{self.name}#{hashlib.sha256(said.encode()).hexdigest()[:16]}"

    def __str__(self) -> str:
        return f"{self.name} at {self.site}"


@runtime_checkable
class NamedDictionary(Protocol):
    """What a latent needs to know of its dictionary."""

    @property
    def name(self) -> str:
        """What sentences call it."""
        ...

    @property
    def fingerprint(self) -> str:
        """A hash of what it computes, and of where."""
        ...

    @property
    def latents(self) -> int:
        """How many it has."""
        ...

    @property
    def reads(self) -> Site:
        """The site that it encodes."""
        ...

    @property
    def writes(self) -> Site:
        """The site that it decodes to; for a transcoder, another one."""
        ...

    def encode(self, activation: Any, /) -> Any:  # noqa: ANN401 - tensors are not named here
        """`[..., d_model]` → `[..., latent]`."""
        ...

    def direction(self, latent: int, /) -> Any:  # noqa: ANN401
        """What one latent writes: `[d_model]`."""
        ...


@dataclass(frozen=True)
class Latent:
    """A feature of an attached dictionary: `model["L9F5617"]`.

    Args:
        layer: Of the site that the dictionary reads.
        latent: Counts from zero.
        dictionary: Whose it is.
    """

    layer: int
    latent: int
    dictionary: NamedDictionary
    noun: ClassVar[str] = "latent"

    def __str__(self) -> str:
        return f"L{self.layer}F{self.latent}"

    @property
    def site(self) -> Site:
        """Where it is read."""
        return self.dictionary.reads

    @property
    def identity(self) -> str:
        """What tells it from others: its dictionary's contents, too."""
        return f"{self} of {self.dictionary.name}#{self.dictionary.fingerprint}"


Component: TypeAlias = Head | Neuron | MLP | Direction | Vector | Latent
_Kind = TypeVar("_Kind", Head, Neuron, MLP, Direction, Vector, Latent)
_LATENT = re.compile(r"L(\d+)F(\d+)")

_TWO_NUMBERS = re.compile(r"\W*(?:layer|l)?\W*(\d+)\W*(head|neuron|h|n)?\W*(\d+)\W*", re.IGNORECASE)
_PATTERNS: tuple[tuple[re.Pattern[str], type[Head] | type[Neuron] | type[MLP]], ...] = (
    (re.compile(r"L(\d+)H(\d+)"), Head),
    (re.compile(r"L(\d+)N(\d+)"), Neuron),
    (re.compile(r"L(\d+)\.?mlp", re.IGNORECASE), MLP),
)


def parse(address: str) -> Head | Neuron | MLP:
    """Read "L5H1", "L27N1263" or "L3.mlp".

    Raises:
        ComponentError: when it is none of these.
    """
    text = address.strip()
    for pattern, kind in _PATTERNS:
        match = pattern.fullmatch(text)
        if match:
            return kind(*(int(number) for number in match.groups()))
    raise ComponentError(
        f"cannot read the address {address!r}{_meant(text)}: write a head as L5H1, a neuron as "
        f"L27N1263, an MLP as L3.mlp (layers, heads and neurons count from zero)."
    )


def _meant(text: str) -> str:
    """The address that two numbers may be meant as."""
    match = _TWO_NUMBERS.fullmatch(text)
    if match is None:
        return ""
    kind = "N" if "n" in (match[2] or "").lower() else "H"
    return f" (did you mean L{match[1]}{kind}{match[3]}?)"


def parse_latent(address: str) -> tuple[int, int] | None:
    """Layer and number of "L9F5617"; None for another address."""
    match = _LATENT.fullmatch(address.strip())
    return (int(match.group(1)), int(match.group(2))) if match else None


def parse_site(address: str) -> Site:
    """Read "L9.resid_post".

    Raises:
        ComponentError: when there is no such site.
    """
    match = re.fullmatch(r"L(\d+)\.(\w+)", address.strip())
    if match and match.group(2) in SITE_NAMES:
        return Site(int(match.group(1)), match.group(2))  # pyright: ignore[reportArgumentType]
    raise ComponentError(
        f"cannot read the site {address!r}: write L9.resid_post; sites are {', '.join(SITE_NAMES)}."
    )


def named(components: Sequence[Component]) -> str:
    """Components as a sentence says them: "L7H3", "L7H3 and L7H9", "L7H3 to L9H1 (12 heads)"."""
    names = [str(component) for component in components]
    if len(names) > 4:
        return f"{names[0]} … {names[-1]} ({len(names)} {components[0].noun}s)"
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} and {names[-1]}"


def layers_named(layers: Iterable[int]) -> str:
    """Layers as a sentence says them: "L4–L8", "L1, L4–L6 and L9"."""
    runs: list[list[int]] = []
    for layer in sorted(set(layers)):
        if runs and layer == runs[-1][-1] + 1:
            runs[-1].append(layer)
        else:
            runs.append([layer])
    said = [f"L{run[0]}–L{run[-1]}" if len(run) > 1 else f"L{run[0]}" for run in runs]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"


class Owner(Protocol):
    """The model that components belong to, as far as they need to know it."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def false_pass_rate(self) -> float:
        """α for claims about it."""
        ...

    def judge(self, claim: Any, /) -> Any:  # noqa: ANN401 - claims are defined above this module
        """The evidence for a claim about it, measured now if need be."""
        ...

    def announce(self, claim: Any, /) -> None:  # noqa: ANN401
        """Take note that a claim about it was made."""
        ...

    def asked(self, claim: Any, evidence: Any, /) -> None:  # noqa: ANN401
        """Take note that a claim's truth was asked for."""
        ...


@dataclass(frozen=True)
class Subject:
    """Components of a model: what a claim is about. Made by `model["L5H1"]`.

    Args:
        model: Whose they are.
        components: One, or a set that is treated as one.
        layers: Where they are all the heads of some layers, these: "L4–L8".
    """

    model: Owner
    components: tuple[Component, ...]
    layers: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"the heads of {self.layers}" if self.layers else named(self.components)

    @property
    def identity(self) -> str:
        """What tells it from others of the model."""
        return str([getattr(each, "identity", str(each)) for each in self.components])

    def each(self) -> tuple[Subject, ...]:
        """Its components, one at a time."""
        return tuple(Subject(self.model, (component,)) for component in self.components)

    def __repr__(self) -> str:
        return f"{self} of {self.model.name}"

    def only(self, kind: type[_Kind], claim: str) -> _Kind:
        """The single component, when it is of a kind.

        Raises:
            ComponentError: when there are several or it is of another kind.
        """
        if len(self.components) == 1 and isinstance(self.components[0], kind):
            return self.components[0]
        wanted = kind.__name__.lower()
        raise ComponentError(f"{claim} is about one {wanted}; got {self!r}.")
