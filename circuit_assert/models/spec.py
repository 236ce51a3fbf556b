"""Which model is meant: a frozen description, resolved without loading anything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from circuit_assert.models.card import Card
from circuit_assert.models.folder import card_of, check_folder, read_config
from circuit_assert.models.hub_cards import HUB_CARDS
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
    """

    name: str
    source: Source
    location: str
    revision: str | None = None
    dtype: str = "float32"
    device: str = "cpu"
    planted: PlantedModel | None = None

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
) -> ModelSpec:
    """What a name, a folder, or a planted model means.

    Args:
        model: A zoo name, a folder (a `Path`, or a string that begins with "/", "./" or "~"),
            a hub name, or a planted model.
        revision: Of a hub model.
        dtype: What its weights are loaded as.
        device: Where.

    Raises:
        ModelError: when a folder cannot be used.
    """
    if isinstance(model, PlantedModel):
        return ModelSpec(
            model.name, "planted", model.name, dtype=dtype, device=device, planted=model
        )
    if isinstance(model, Path) or model.startswith(("/", "./", "../", "~")):
        folder = check_folder(model)
        return ModelSpec(folder.name, "folder", str(folder), dtype=dtype, device=device)
    if model in ZOO:
        return ModelSpec(model, "zoo", model, dtype=dtype, device=device)
    name = f"{model}@{revision}" if revision else model
    return ModelSpec(name, "hub", model, revision, dtype, device)
