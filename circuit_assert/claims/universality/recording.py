"""How active another model's neurons are on words of documents, kept without that model."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.measurements import NeuronActivations, Request
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.models.card import Card
from circuit_assert.prompts.base import Prompts
from circuit_assert.prompts.word_ends import word_ends

Floats = npt.NDArray[np.float32]
_UNREADABLE = (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile)


class Recordable(Protocol):
    """What is recorded: a model."""

    @property
    def name(self) -> str:
        """What reports call it."""
        ...

    @property
    def card(self) -> Card | None:
        """Its sizes, if they are known before it is loaded."""
        ...

    def explore(self) -> Callable[[Any], Any]:
        """A way to measure quantities that leaves nothing behind."""
        ...

    def remembered(self, given: tuple[object, ...], make: Callable[[], bytes]) -> bytes:
        """What is made of it and of what is given, or was by an earlier run."""
        ...


@dataclass(frozen=True)
class About:
    """What a recording is of.

    Args:
        model: The model's name.
        weights: The hash of its weights.
        prompts: The documents' name.
        on: Their fingerprint.
        gated: Whether the sign of an activation says nothing.
        layers: Layers, in the order of `activity`.
        width: Neurons of each.
        units: Which units of the documents these are.
        words: Of each, its words.
    """

    model: str
    weights: str
    prompts: str
    on: str
    gated: bool
    layers: tuple[int, ...]
    width: int
    units: tuple[int, ...]
    words: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, eq=False, repr=False)
class RecordedActivity:
    """Activations of a model's neurons at the last token of each word. By `recorded_activity`.

    Args:
        about: What it is of.
        activity: `[word, layer × neuron]`, the words of all documents one after the other.
    """

    about: About
    activity: Floats
    identity_tells: ClassVar[bool] = False
    """Of two recordings of the same, the numbers may differ: claims on them are not one claim."""

    def __post_init__(self) -> None:
        words = sum(map(len, self.about.words))
        if self.activity.shape != (words, len(self.about.layers) * self.about.width):
            raise ComponentError(
                f"activity of {self.about.model} is {self.activity.shape}; {words} words and "
                f"{len(self.about.layers)} layers of {self.about.width} neurons were expected."
            )

    @cached_property
    def identity(self) -> str:
        """Its model, and a hash of what it is of.

        Not of the numbers, which another engine rounds otherwise: a claim stays the same claim.
        """
        said = json.dumps(asdict(self.about), sort_keys=True)
        return f"{self.about.model}#{hashlib.sha256(said.encode()).hexdigest()[:16]}"

    @cached_property
    def _exact(self) -> tuple[str, str]:
        """A hash of the numbers as well."""
        numbers = np.ascontiguousarray(self.activity, np.float32)
        return self.identity, hashlib.sha256(numbers.tobytes()).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RecordedActivity) and other._exact == self._exact

    def __hash__(self) -> int:
        return hash(self.identity)

    def __str__(self) -> str:
        return self.about.model

    def __repr__(self) -> str:
        return f"<activity of {self.about.model} on {self.about.prompts}>"

    def neuron(self, column: int) -> str:
        """The address of one column's neuron."""
        layer, neuron = divmod(column, self.about.width)
        return f"L{self.about.layers[layer]}N{neuron}"

    def save(self, file: str | Path) -> None:
        """Write it to an `.npz` of plain numbers and text.

        Args:
            file: Where.
        """
        with Path(file).open("wb") as there:
            self._write(there)

    def _write(self, there: IO[bytes]) -> None:
        about = np.array(json.dumps(asdict(self.about)))
        np.savez(there, about=about, activity=self.activity)

    @property
    def written(self) -> bytes:
        """What `save` writes."""
        there = io.BytesIO()
        self._write(there)
        return there.getvalue()

    @classmethod
    def load(cls, file: str | Path) -> RecordedActivity:
        """What `save` wrote. Nothing that could run code is read.

        Args:
            file: Where.

        Raises:
            ComponentError: when it is not such a file.
        """
        try:
            with Path(file).open("rb") as there:
                return cls.read(there)
        except _UNREADABLE as problem:
            raise ComponentError(f"{file} holds no recorded activity: {problem}") from None

    @classmethod
    def read(cls, there: IO[bytes]) -> RecordedActivity:
        """What `written` holds."""
        with np.load(there, allow_pickle=False) as arrays:
            said = json.loads(str(arrays["about"]))
            activity = arrays["activity"].astype(np.float32)
        said["words"] = tuple(map(tuple, said["words"]))
        said["layers"], said["units"] = tuple(said["layers"]), tuple(said["units"])
        return cls(About(**said), activity)


def recorded_activity(model: Recordable, *, on: Prompts, layers: Iterable[int]) -> RecordedActivity:
    """Activations of a model's neurons on the words of documents, for claims about other models.

    One model's weights are in memory at a time: the others of a comparison are recorded first. A
    word is what white space parts, and its activation is that at its last token, so that models
    with other tokenizers can be compared.

    Args:
        model: The other model.
        on: The documents, both halves of them.
        layers: Of which layers all neurons are kept.

    Raises:
        ClaimError: for no layers, or one that the model does not have.

    Example:
        >>> from circuit_assert import Session, recorded_activity
        >>> from circuit_assert.models.planted_models import explained_documents, explained_model
        >>> other = Session().model(explained_model())
        >>> recorded_activity(other, on=explained_documents(), layers=[1]).activity.shape
        (4000, 160)
    """
    chosen, card = tuple(dict.fromkeys(layers)), model.card
    if not chosen or (card is not None and not set(chosen) <= set(range(card.layers))):
        has = f"; {model.name} has layers 0 to {card.layers - 1}" if card is not None else ""
        raise ClaimError(f"layers= names those whose neurons are kept{has}. Got {list(chosen)}.")
    given = ("recorded activity", on.name, on.fingerprint, on, chosen)
    made = model.remembered(given, lambda: _recorded(model, on, chosen).written)
    return RecordedActivity.read(io.BytesIO(made))


def _recorded(model: Recordable, on: Prompts, layers: tuple[int, ...]) -> RecordedActivity:
    # a layer's activations at all tokens are large: each is forgotten before the next
    found: list[_Found] = [model.explore()(_Layer(layer, on)) for layer in layers]
    first = found[0]
    about = About(
        model.name,
        first.weights,
        prompts=on.name,
        on=on.fingerprint,
        gated=first.gated,
        layers=layers,
        width=first.activity.shape[1],
        units=first.units,
        words=first.words,
    )
    return RecordedActivity(about, np.concatenate([each.activity for each in found], axis=1))


@dataclass(frozen=True)
class _Found:
    weights: str
    gated: bool
    units: tuple[int, ...]
    words: tuple[tuple[str, ...], ...]
    activity: Floats


@dataclass(frozen=True)
class _Layer:
    """All neurons of a layer at the last token of each word."""

    layer: int
    on: Prompts

    def needs(self, scores: Scores) -> tuple[AnyRequest, ...]:
        """Their activations at every token."""
        every = tuple(range(scores.weights.card.d_mlp))
        return (Request(NeuronActivations(self.layer, every), self.on),)

    def measured(self, scores: Scores) -> _Found:
        """Those at the ends of words."""
        weights, prompts = scores.weights, scores.tokenized(self.on)
        activations = scores[self.needs(scores)[0]]
        ends = [word_ends(row, weights.tokenizer) for row in prompts.tokens["clean"]]
        parts = [activations[unit, [at for _, at in each]] for unit, each in enumerate(ends)]
        return _Found(
            weights.fingerprint,
            weights.has_gated_mlps,
            tuple(prompts.kept.tolist()),
            tuple(tuple(word for word, _ in each) for each in ends),
            np.concatenate(parts).astype(np.float32),
        )
