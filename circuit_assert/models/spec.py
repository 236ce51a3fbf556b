"""Which model is meant: a frozen description, resolved without loading anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from circuit_assert.models.card import Card
from circuit_assert.models.folder import card_of, check_folder, read_config
from circuit_assert.models.hub_cards import HUB_CARDS
from circuit_assert.models.needs import bytes_of
from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.zoo import ZOO, ensure

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
        device: "cpu", "cuda", "cuda:1", …
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
) -> ModelSpec:
    """What a name, a folder, or a planted model means.

    Args:
        model: A zoo name, a folder (a `Path`, or a string that begins with "/", "./" or "~"),
            a hub name, or a planted model.
        revision: Of a hub model.
        dtype: What its weights are loaded as.
        device: Where.
        memory: What it needs there, as "12GiB" or in bytes; None where nobody says.

    Raises:
        ModelError: when a folder cannot be used, or `memory` is no size.
    """
    needs = None if memory is None else bytes_of(memory)
    if isinstance(model, PlantedModel):
        name, source, location = model.name, "planted", model.name
    elif isinstance(model, Path) or model.startswith(("/", "./", "../", "~")):
        folder = check_folder(model)
        name, source, location = folder.name, "folder", str(folder)
    elif model in ZOO:
        name, source, location = model, "zoo", model
    else:
        name = f"{model}@{revision}" if revision else model
        return ModelSpec(name, "hub", model, revision, dtype, device, memory=needs)
    planted = model if isinstance(model, PlantedModel) else None
    return ModelSpec(
        name, source, location, dtype=dtype, device=device, planted=planted, memory=needs
    )
