"""`circuit-assert models`: which models need no hub, and what is missing of them."""

from __future__ import annotations

import importlib.util
import shutil
from typing import TYPE_CHECKING

import click

from circuit_assert.cli.disk import gigabytes, nearest_there, size_of

if TYPE_CHECKING:
    from circuit_assert.models.card import Card
    from circuit_assert.models.zoo import ZooModel


@click.command("models")
def command() -> None:
    """List the models that need no hub, and what is missing of them.

    A model is converted when a claim first needs its weights. Models of the hub are not listed,
    except those that the shipped suites are about.

    \b
    Example:
      circuit-assert models
    """
    from circuit_assert.models.hub import at_hand
    from circuit_assert.models.hub_cards import HUB_CARDS
    from circuit_assert.models.zoo import ZOO

    for model in ZOO.values():
        click.echo(f"{model.name}: {sizes(model.card)}")
        for line in state(model):
            click.echo(f"  {line}")
    click.echo("\nOf the hub, in the shipped suites:")
    for name, card in HUB_CARDS.items():
        there = "in the cache" if at_hand(name) else f"not in the cache: hf download {name}"
        click.echo(f"  {name}: {sizes(card)}; {there}")


def sizes(card: Card) -> str:
    """Parameters, and layers × heads."""
    from circuit_assert.forecast import parameters

    millions = parameters(card)[1] / 1e6
    return (
        f"{millions:.0f} M parameters, {card.layers} layers × {card.heads} heads, "
        f"width {card.d_model}"
    )


def state(model: ZooModel) -> list[str]:
    """Whether it is converted and where, or what converting it takes and lacks."""
    from circuit_assert.models import manifest

    if model.folder.is_dir() and not manifest.problems(model.folder):
        return [f"converted: {model.folder} ({gigabytes(size_of(model.folder))})"]
    lines = [f"not converted; it will be kept in {model.folder}"]
    if model.folder.is_dir():
        lines = [f"damaged, will be converted anew: {manifest.problems(model.folder)[0]}"]
    return [*lines, *(f"missing: {each}" for each in missing(model))]


def missing(model: ZooModel) -> list[str]:
    """What converting it needs and lacks here."""
    found: list[str] = []
    if importlib.util.find_spec("gguf") is None:
        found.append("the package gguf: pip install 'circuit-assert[gguf]'")
    free = shutil.disk_usage(nearest_there(model.folder)).free
    if free < model.disk:
        needs = f"{gigabytes(model.disk)} of disk, and {gigabytes(free)} are free"
        found.append(f"{needs}: CIRCUIT_ASSERT_CACHE names a folder on a larger one")
    return found
