"""Writes docs/claims.md to standard output, from what claim functions say of themselves.

Examples are taken from the shipped suites, so that it is run in the repository.
"""

from __future__ import annotations

import importlib
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from circuit_assert.claims.catalogue.docstrings import docstring_of, signature_of
from circuit_assert.claims.catalogue.examples import Suite, example_of, suites_in
from circuit_assert.claims.catalogue.kinds import Kind, is_kind, name_of
from circuit_assert.claims.claim import ClaimType

SUBJECTS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "Heads": (
            "heads",
            "patterns",
            "roles",
            "sinks",
            "name_movers",
            "copy_suppression",
            "preserving_ablations",
            "succession",
        ),
        "Weights": (
            "ov_circuits",
            "qk_circuits",
            "composition",
            "virtual_weights",
            "subspaces",
        ),
        "The residual stream": ("residual_stream", "bases", "detokenizing_layers"),
        "Effects": (
            "ablations",
            "patching",
            "direct_effects",
            "repairs",
            "backups",
            "localization",
        ),
        "Paths and circuits": (
            "circuits.paths",
            "circuits.inhibition",
            "circuits.faithfulness",
            "circuits.members",
            "circuits.rankings",
            "circuits.scrubbing",
            "circuits.interchange",
        ),
        "Neurons": (
            "neurons",
            "next_token_neurons",
            "activating_heads",
            "vocabulary_neurons",
            "single_features.monosemantic",
            "contexts.neurons",
            "confidence.entropy_neurons",
            "confidence.frequency_neurons",
            "detokenizing",
            "retokenizing",
        ),
        "Features": (
            "features",
            "single_features.meanings",
            "single_features.uses",
            "single_features.neurons",
            "explaining.predictions",
            "universality.claims",
            "steering.outputs",
        ),
        "Toy models": ("superposition",),
        "Languages": (
            "languages.swaps",
            "languages.crossovers",
            "languages.overlaps",
            "languages.privileged",
        ),
        "Families and robustness": ("existence", "robustness"),
        "Checkpoints": ("emergence",),
    }
)
"""What claims are about → the modules of this room that have them, in the page's order."""

_QUOTED = re.compile(r'"[^"]*"|=\([^()]*\)')
_HELD = "\0"  # a space at which no line may break
_ROOT = Path(__file__).parents[2]
_HEADER = """\
# Claims that ship

Each is a function that takes components of a model and returns a claim. This page is what
`python -m circuit_assert.claims` prints: the docstrings of these functions, and for each a test of
the shipped suites that makes such a claim. How to look before claiming, and how to make a claim of
one's own, is in [own-claims.md](own-claims.md); circuits and edges in [circuits.md](circuits.md);
several models in [models-and-checkpoints.md](models-and-checkpoints.md).
"""


def claim_types() -> dict[str, list[Kind]]:
    """Subject → its claim types, those of a module in the order of its file."""
    return {
        subject: [kind for module in modules for kind in _in_module(module)]
        for subject, modules in SUBJECTS.items()
    }


def page() -> str:
    """The page.

    Raises:
        FileNotFoundError: outside of the repository, whose suites it takes its examples from.
    """
    folder = _ROOT / "hypotheses"
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not there: run this in the repository.")
    suites = suites_in(folder)
    parts = [_HEADER, _contents()]
    for subject, kinds in claim_types().items():
        parts.append(f"## {subject}\n")
        parts += ["\n\n".join(_section(kind, suites)) + "\n" for kind in kinds]
    return "\n".join(parts)


def _in_module(name: str) -> list[Kind]:
    module = importlib.import_module(f"circuit_assert.claims.{name}")
    return [
        value
        for value in vars(module).values()
        if is_kind(value) and value.__module__ == module.__name__
    ]


def _contents() -> str:
    lines = [
        _item(f"**{subject}**", ", ".join(f"`{name_of(kind)}`" for kind in kinds))
        for subject, kinds in claim_types().items()
    ]
    return "\n".join(lines) + "\n"


def _section(kind: Kind, suites: Sequence[Suite]) -> Iterator[str]:
    said = docstring_of(kind)
    yield f"### `{name_of(kind)}`"
    yield _signature(kind)
    if isinstance(kind, ClaimType):
        sentence = f'*"{kind.template}"*'
        yield _filled(f"{sentence} ({kind.source})" if kind.source else sentence)
    yield said.prose
    yield "\n".join(_item(f"`{name}`", words) for name, words in said.arguments.items())
    for title, words in (("Published", said.published), ("Pitfalls", said.pitfalls)):
        if words:
            yield _filled(f"**{title}**: {' '.join(words.split())}")
    yield _example(name_of(kind), said.example, suites)


def _signature(kind: Kind) -> str:
    name, arguments = signature_of(kind).split("(", 1)
    whole = _QUOTED.sub(lambda text: text[0].replace(" ", _HELD), f"{name}({arguments}")
    lines = textwrap.wrap(whole, 96, subsequent_indent="    ", break_on_hyphens=False)
    return "\n".join(["```py", *lines, "```"]).replace(_HELD, " ")


def _item(name: str, words: str) -> str:
    return _filled(f"* {name}: {words}", subsequent_indent="  ")


def _filled(text: str, subsequent_indent: str = "") -> str:
    filled = textwrap.fill(
        text.replace(" %", f"{_HELD}%"),
        100,
        subsequent_indent=subsequent_indent,
        break_on_hyphens=False,
        break_long_words=False,
    )
    return filled.replace(_HELD, " ")


def _example(name: str, written: str, suites: Sequence[Suite]) -> str:
    found = example_of(name, suites)
    if found is not None:
        return f"In `{found.file}`:\n\n```py\n{found.source}\n```"
    return f"```pycon\n{written}\n```"


if __name__ == "__main__":
    print(page(), end="")
