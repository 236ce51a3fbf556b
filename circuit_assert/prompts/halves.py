"""Halves of a prompt set: find on one, test on the other."""

from __future__ import annotations

from dataclasses import dataclass, replace

from circuit_assert.errors import TokenError
from circuit_assert.prompts.base import Prompts, TokenizedPrompts, Tokenizer, Which
from circuit_assert.prompts.prompt_set import PromptSet, discovery_ids
from circuit_assert.prompts.repeated import RepeatedTokens


def half_of(prompts: Prompts, which: Which) -> Prompts:
    """One half of the clusters of any prompt set, by a fixed hash of their ids.

    A set that can halve itself does, and stays of its kind; others are halved after tokenizing.

    Raises:
        PromptError: when it is a half already, or too small to be halved.
    """
    if isinstance(prompts, PromptSet | RepeatedTokens):
        return prompts.half(which)
    return Half(prompts, which)


def overlap(some: Prompts, others: Prompts) -> bool:
    """Whether two prompt sets are known to share units: the two halves of a set do not.

    Sets of which nothing but the contents' hash is known share units only if they are equal.
    """
    match some, others:
        case PromptSet(), PromptSet():
            return not set(some).isdisjoint(others)
        case RepeatedTokens(), RepeatedTokens():
            same_draw = replace(some, which=None) == replace(others, which=None)
            return same_draw and (None in (some.which, others.which) or some.which == others.which)
        case Half(), Half() if some.prompts == others.prompts:
            return some.which == others.which
        case Half(), _:
            return overlap(some.prompts, others)
        case _, Half():
            return overlap(some, others.prompts)
        case _:
            return some.fingerprint == others.fingerprint


@dataclass(frozen=True)
class Half:
    """One half of the clusters of a prompt set that only tokenizing tells.

    Clusters are those of the first name: a crossed design is split by it, and the halves share the
    levels of the other name.

    Args:
        prompts: The whole set.
        which: Which half.
    """

    prompts: Prompts
    which: Which

    @property
    def name(self) -> str:
        """How sentences call it."""
        return f"{self.prompts.name}[{self.which}]"

    @property
    def fingerprint(self) -> str:
        """A hash of the whole set's contents, and which half it is."""
        return f"{self.prompts.fingerprint}:{self.which}"

    def __len__(self) -> int:
        """About half of the units: only tokenizing tells the clusters."""
        return len(self.prompts) // 2

    def tokenize(self, tokenizer: Tokenizer) -> TokenizedPrompts:
        """The half in one model's tokens.

        Raises:
            TokenError: when nothing of the whole set fits, or it is one cluster.
        """
        whole = self.prompts.tokenize(tokenizer)
        name, ids = next(iter(whole.clusters.items()))
        discovery = discovery_ids(ids)
        if not discovery:
            raise TokenError(f"{self.prompts.name} has only one {name}: it cannot be halved.")
        wanted = self.which == "discovery"
        return whole.only([unit for unit, i in enumerate(ids) if (i in discovery) == wanted])
