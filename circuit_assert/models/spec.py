"""Which model is meant: a frozen description, resolved without loading anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from circuit_assert.errors import ModelError, UnknownModelError
from circuit_assert.models.card import Card
from circuit_assert.models.devices import device_of, settled
from circuit_assert.models.folder import card_of, check_folder, read_config
from circuit_assert.models.hub_cards import HUB_CARDS
from circuit_assert.models.needs import bytes_of
from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.zoo import ZOO, ensure, nearest

Source: TypeAlias = Literal["zoo", "folder", "hub", "planted"]


@dataclass(frozen=True)
class ModelSpec:
    """One model, as the user named it.

    Args:
        name: What reports call it.
        source: Where it comes from.
        location: A zoo name, a folder, a hub name, or a planted model's name.
        revision: Of a hub model.
        dtype: "float32", "bfloat16" or "float16".
        device: "cpu", "cuda", "cuda:1", "mps"; "cuda:0,cuda:1" spreads its blocks over these,
            "auto" over all GPUs of the machine. A planted model is on the first of them.
        planted: The planted model itself.
        memory: Bytes that loading and measuring it takes, weights and activations, as its user
            says; it changes no number, so that two specs that differ in it are the same.
    """

    name: str
    source: Source
    location: str
    revision: str | None = None
    dtype: str = "float32"
    device: str = "cpu"
    planted: PlantedModel | None = None
    memory: int | None = field(default=None, compare=False)

    def card(self) -> Card | None:
        """The model's sizes, when they can be known without fetching anything."""
        if self.planted is not None:
            return self.planted.card
        if self.source == "zoo":
            return ZOO[self.location].card
        if self.source == "folder" and not Path(self.location).is_dir():
            return None  # a handle on what a command is still to make
        if self.source == "folder":
            return card_of(read_config(Path(self.location)))
        folder = self.folder_at_hand()
        return card_of(read_config(folder)) if folder else HUB_CARDS.get(self.location)

    def folder_at_hand(self) -> Path | None:
        """The folder with the model's files if it is there already; nothing is fetched."""
        if self.source == "zoo":
            folder = ZOO[self.location].folder
            return folder if folder.is_dir() else None
        if self.source == "folder":
            return Path(self.location)
        if self.source == "planted":
            return None
        from circuit_assert.models.hub import cached

        return cached(self.location, self.revision)

    def place(self) -> str:
        """Where it is loaded in fact, as the ledger says it: "auto" is no place.

        Raises:
            ModelError: when "auto" cannot be settled here.
        """
        there = settled(self.device)
        return there.split(",")[0] if self.planted is not None else there

    def folder(self) -> Path:
        """The folder with the model's files, fetched at first use.

        Raises:
            ModelError: when it cannot be had.
        """
        if self.source == "zoo":
            return ensure(self.location)
        if self.source == "folder":
            return check_folder(self.location)
        from circuit_assert.models.hub import snapshot

        return snapshot(self.location, self.revision, allow_network=True)


def spec_of(
    model: str | Path | PlantedModel,
    *,
    revision: str | None = None,
    dtype: str = "float32",
    device: str = "cpu",
    memory: str | int | None = None,
    checked: bool = True,
) -> ModelSpec:
    """What a name, a folder, or a planted model means.

    Args:
        model: A zoo name, a folder (a `Path`, or a string that begins with "/", "./" or "~"),
            a hub name, perhaps with a revision ("owner/name@revision"), or a planted model.
        revision: Of a hub model.
        dtype: What its weights are loaded as.
        device: Where: see `ModelSpec`.
        memory: What it needs there, as "12GiB" or in bytes; None where nobody says.
        checked: Whether a folder has to be there already, with a model in it.

    Raises:
        ModelError: when a folder cannot be used, `device` is none, `memory` is no size, or a
            revision is given twice, is empty, or is given of what has none.
        UnknownModelError: for a name without owner that is nearly one of the zoo.
    """
    device = device_of(device)
    needs = None if memory is None else bytes_of(memory)
    if isinstance(model, PlantedModel):
        _refuse_revision(model.name, revision)
        name, source, location = model.name, "planted", model.name
    elif is_folder(model):
        folder = check_folder(model) if checked else Path(model).expanduser()
        _refuse_revision(folder.name, revision)
        name, source, location = folder.name, "folder", str(folder)
    else:
        location, revision = with_revision(str(model), revision)
        name, source = location, "zoo" if location in ZOO else "hub"
        if source == "zoo":
            _refuse_revision(location, revision)
        elif checked:
            _refuse_slips(location)
        if revision:
            name = f"{location}@{revision}"
    planted = model if isinstance(model, PlantedModel) else None
    return ModelSpec(name, source, location, revision, dtype, device, planted, needs)


def name_of(model: str | Path | PlantedModel, revision: str | None = None) -> str:
    """What reports will call a model, whether it can be used or not.

    Raises:
        ModelError: when a revision is given twice or is empty, or given of what has none.
    """
    return spec_of(model, revision=revision, checked=False).name


def is_folder(model: str | Path) -> bool:
    """Whether a folder is meant, and no name."""
    return isinstance(model, Path) or model.startswith(("/", "./", "../", "~"))


def with_revision(model: str, revision: str | None = None) -> tuple[str, str | None]:
    """A hub name and its revision: "owner/name@step1000" names both.

    Raises:
        ModelError: when the revision is given twice, or there is none after the "@".
    """
    location, at, named = model.partition("@")
    if not at:
        return model, revision
    if not location or not named:
        raise ModelError(
            f"{model!r} names no revision of a model: write it as owner/name@revision, as in "
            f"EleutherAI/pythia-70m@step1000."
        )
    if revision is not None:
        raise ModelError(
            f"{model} names its revision, and revision={revision!r} gives one again: leave one out."
        )
    return location, named


def _refuse_slips(name: str) -> None:
    """Refuse what is nearly a name of the zoo: asking the network for it helps nobody."""
    near = [] if "/" in name or name in HUB_CARDS else nearest(name)
    if not near:
        return
    from circuit_assert.models.hub import cached

    if cached(name, None) is None:
        raise UnknownModelError(
            f"No model is called {name!r}: did you mean {' or '.join(near)}? A model of the hub "
            f"is named with its owner, as owner/{name}, and a folder by its path, as ./{name}."
        )


def _refuse_revision(name: str, revision: str | None) -> None:
    if revision is not None:
        raise ModelError(
            f"{name} has no revisions, so {revision!r} cannot be one: only models of the hub have "
            f"them, as EleutherAI/pythia-70m@step1000. Leave it out."
        )
