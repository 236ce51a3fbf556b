"""Indirect object identification: "When Mary and John went to the shop, John gave a ring to"."""

from __future__ import annotations

import itertools
import random
import re
from dataclasses import dataclass
from typing import Any, Literal

from circuit_assert.errors import PromptError
from circuit_assert.prompts.data import lines, read
from circuit_assert.prompts.prompt_set import Prompt, PromptSet

Corruption = Literal["flip", "abc"]
Order = Literal["ABBA", "BABA"]

ORDERS: tuple[Order, Order] = ("ABBA", "BABA")
_NEXT_WORD = re.compile(r" ?\w+|\W")


@dataclass(frozen=True)
class Scene:
    """What fills one template.

    Args:
        io: The indirect object's name.
        subject: The subject's.
        strangers: Order → three other names, for the corruption "abc".
        place: As "shop".
        thing: As "ring".
    """

    io: str
    subject: str
    strangers: dict[Order, tuple[str, str, str]]
    place: str
    thing: str


def ioi(
    *,
    per_template: int = 4,
    names: int | None = None,
    corruption: Corruption = "flip",
    seed: int = 0,
) -> PromptSet:
    """Indirect object identification, after Wang et al. 2022 (arXiv:2211.00593).

    48 templates, each in both orders of the two first names: ABBA names the indirect object
    first, BABA the subject. The answer is the indirect object, the foil the subject.

    Args:
        per_template: Pairs of names per template; each pair makes one ABBA and one BABA prompt,
            so there are 96 times as many prompts.
        names: Out of how many names those of one template are drawn, others for each; with few,
            its prompts share names. By default out of all.
        corruption: What `corrupt` changes. "flip" replaces the subject's second mention by the
            indirect object, so that the answer becomes the foil. "abc" replaces the three
            mentions by three other names, so that neither is the answer; means over these make
            the reference for mean ablation. The clean prompts are the same for both.
        seed: Draws the names, places and objects.

    Positions are "IO", "S1", "S1+1" (the token after S1), "S2" and "end"; clusters are the
    template (shared by both orders), the order, and the pair of names.
    """
    data = read("ioi")
    templates = lines(data["templates"])
    if per_template < 1:
        raise PromptError(f"per_template is {per_template}: give at least one pair of names.")
    if corruption not in ("flip", "abc"):
        raise PromptError(f'there is no corruption {corruption!r}: give "flip" or "abc".')
    rng = random.Random(seed)  # noqa: S311 - a reproducible draw, not a secret
    pairs = list(itertools.permutations(data["names"], 2))
    if names is not None and not 2 <= names <= len(data["names"]):
        raise PromptError(
            f"names is {names}: it is from 2 to the {len(data['names'])} that there are."
        )
    there_are = len(pairs) if names is None else names * (names - 1)
    if per_template > there_are:
        raise PromptError(f"per_template is {per_template}: there are {there_are} pairs of names.")
    prompts = tuple(
        scene_prompt(template, f"ioi/{index}", order, scene, corruption)
        for index, template in enumerate(templates, start=1)
        for scene in _scenes(data, rng.sample(_pairs(pairs, data, names, rng), per_template), rng)
        for order in ORDERS
    )
    return PromptSet("ioi", prompts, cluster_by=("template",))


def _pairs(
    every: list[tuple[str, str]], data: dict[str, Any], names: int | None, rng: random.Random
) -> list[tuple[str, str]]:
    """The pairs of names that a template's prompts are drawn from."""
    if names is None:
        return every
    return list(itertools.permutations(rng.sample(data["names"], names), 2))


def _scenes(data: dict[str, Any], pairs: list[tuple[str, str]], rng: random.Random) -> list[Scene]:
    scenes: list[Scene] = []
    for io, subject in pairs:
        a, b, c, d, e, f = rng.sample([n for n in data["names"] if n not in (io, subject)], 6)
        strangers: dict[Order, tuple[str, str, str]] = {"ABBA": (a, b, c), "BABA": (d, e, f)}
        place, thing = rng.choice(data["places"]), rng.choice(data["objects"])
        scenes.append(Scene(io, subject, strangers, place, thing))
    return scenes


def scene_prompt(
    template: str, identifier: str, order: Order, scene: Scene, corruption: Corruption
) -> Prompt:
    """One prompt: a template in one order of its names, filled with a scene.

    Args:
        template: With {A}, {B}, {S}, {place} and {object}.
        identifier: The template's cluster id.
        order: Which name comes first.
        scene: What fills it.
        corruption: What `corrupt` changes; see `ioi`.
    """
    first, second = (scene.io, scene.subject) if order == "ABBA" else (scene.subject, scene.io)
    text = _fill(template, scene, (first, second, scene.subject))
    corrupt = scene.strangers[order] if corruption == "abc" else (first, second, scene.io)
    return Prompt(
        text,
        corrupt=_fill(template, scene, corrupt),
        answer=f" {scene.io}",
        foil=f" {scene.subject}",
        positions=_positions(text, scene),
        clusters={
            "template": identifier,
            "order": order,
            "names": f"{scene.io}-{scene.subject}",
        },
    )


def _fill(template: str, scene: Scene, names: tuple[str, str, str]) -> str:
    a, b, s = names
    return template.format(A=a, B=b, S=s, place=scene.place, object=scene.thing)


def _positions(text: str, scene: Scene) -> dict[str, str]:
    # S1 is no last occurrence of its name, so its piece is everything up to it.
    s1 = text[: text.index(f" {scene.subject}") + len(f" {scene.subject}")]
    after = _NEXT_WORD.findall(text[len(s1) :])[0]
    return {"IO": scene.io, "S1": s1, "S1+1": s1 + after, "S2": scene.subject}
