"""Prompts as data: what is asked, what is expected, and which prompts are not independent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from circuit_assert.errors import PromptError
from circuit_assert.prompts.base import TokenizedPrompts, Tokenizer, Which

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Prompt:
    """One unit of replication: a prompt, its expected continuation, and its clusters.

    Args:
        text: The prompt, without a beginning-of-sequence token.
        corrupt: The same prompt with the information under test changed; same number of tokens.
        answer: The continuation expected after `text`, with its leading space if it has one.
        foil: The continuation it is compared with.
        positions: Role → the piece of `text` that plays it. The position is that of the last
            token of the piece's last occurrence. "end" (the last token) is always there.
        clusters: Cluster name → id; prompts that share an id are not independent.
        language: ISO 639-1 code.
    """

    text: str
    corrupt: str | None = None
    answer: str | None = None
    foil: str | None = None
    positions: Mapping[str, str] = field(default_factory=dict[str, str])
    clusters: Mapping[str, str] = field(default_factory=dict[str, str])
    language: str = "en"

    def __hash__(self) -> int:
        return hash((self.text, self.corrupt, self.answer, self.foil, self.language))


@dataclass(frozen=True)
class PromptSet:
    """A named, immutable set of prompts.

    Args:
        name: How sentences and reports call it.
        prompts: The prompts, one per unit.
        cluster_by: The cluster names by which decisions are made; two names mean crossed.

    Raises:
        PromptError: when it is empty, a cluster id is missing, or an answer equals its foil.
    """

    name: str
    prompts: tuple[Prompt, ...]
    cluster_by: tuple[str, ...] = ("template",)

    def __post_init__(self) -> None:
        if not self.prompts:
            raise PromptError(f"the prompt set {self.name!r} is empty: give at least one prompt.")
        for index, prompt in enumerate(self.prompts):
            _check_prompt(self, index, prompt)

    def __len__(self) -> int:
        return len(self.prompts)

    def __iter__(self) -> Iterator[Prompt]:
        return iter(self.prompts)

    def __eq__(self, other: object) -> bool:
        if self is other or not isinstance(other, PromptSet):
            return self is other
        return (self.name, self.fingerprint) == (other.name, other.fingerprint)

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(set(ids))} {name}s" for name, ids in self.clusters.items())
        return f"<{self.name}: {len(self)} prompts, {counts}>"

    @property
    def fingerprint(self) -> str:
        """A hash of everything the prompts say; the name is not part of it."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        content = json.dumps([vars(p) for p in self.prompts], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(f"{content}{self.cluster_by}".encode()).hexdigest()[:16]

    @property
    def clusters(self) -> dict[str, tuple[str, ...]]:
        """Cluster name → one id per unit, for the names in `cluster_by`."""
        return {name: tuple(p.clusters[name] for p in self.prompts) for name in self.cluster_by}

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of the prompts, in order of first appearance."""
        return tuple(dict.fromkeys(p.language for p in self.prompts))

    @property
    def frame(self) -> pd.DataFrame:
        """One row per prompt, its clusters in columns of their own."""
        import pandas as pd

        rows = [
            {
                "text": p.text,
                "corrupt": p.corrupt,
                "answer": p.answer,
                "foil": p.foil,
                "language": p.language,
                **p.clusters,
            }
            for p in self.prompts
        ]
        return pd.DataFrame(rows)

    def where(
        self, keep: Callable[[Prompt], bool] | None = None, *, language: str | None = None
    ) -> PromptSet:
        """The prompts for which `keep` is true and that are in `language`."""
        kept = tuple(
            p
            for p in self.prompts
            if (keep is None or keep(p)) and (language is None or p.language == language)
        )
        suffix = f"[{language}]" if language else "[subset]"
        return replace(self, name=self.name + suffix, prompts=kept)

    def half(self, which: Which) -> PromptSet:
        """One half of the clusters, by a fixed hash: find on one, test on the other.

        A crossed design is split by its first cluster name; the halves share the other's levels.
        """
        name = self.cluster_by[0]
        discovery = discovery_ids(p.clusters[name] for p in self.prompts)
        kept = tuple(
            p for p in self.prompts if (p.clusters[name] in discovery) == (which == "discovery")
        )
        return replace(self, name=f"{self.name}[{which}]", prompts=kept)

    def tokenize(self, tokenizer: Tokenizer) -> TokenizedPrompts:
        """The prompts in one model's tokens, without those that do not fit it.

        Raises:
            TokenError: when no prompt fits, with the reasons.
        """
        from circuit_assert.prompts.tokenize import tokenize_texts

        return tokenize_texts(self, tokenizer)

    @classmethod
    def from_list(
        cls,
        prompts: Iterable[str | Prompt | Mapping[str, Any]],
        *,
        name: str = "prompts",
        cluster_by: str | Sequence[str] = "prompt",
    ) -> PromptSet:
        """A set from texts, `Prompt`s, or mappings with `Prompt`'s fields.

        A plain text is a cluster of its own, named "prompt": say so only of texts that were
        written independently of each other.
        """
        made = tuple(_as_prompt(p, i) for i, p in enumerate(prompts))
        names = (cluster_by,) if isinstance(cluster_by, str) else tuple(cluster_by)
        return cls(name, made, names)

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        name: str = "prompts",
        cluster_by: str | Sequence[str] = "template",
    ) -> PromptSet:
        """A set from a DataFrame: columns as `Prompt`'s fields, the others are clusters."""
        fields = {"text", "corrupt", "answer", "foil", "positions", "language"}
        rows: list[dict[str, Any]] = []
        for record in frame.to_dict("records"):
            present = {str(k): v for k, v in record.items() if v is not None and v == v}  # noqa: PLR0124 - NaN
            row: dict[str, Any] = {k: v for k, v in present.items() if k in fields}
            row["clusters"] = {k: str(v) for k, v in present.items() if k not in fields}
            rows.append(row)
        return cls.from_list(rows, name=name, cluster_by=cluster_by)


def discovery_ids(ids: Iterable[str]) -> frozenset[str]:
    """The half of some cluster ids on which things are found, by a fixed hash of each id."""
    ordered = sorted(set(ids), key=_stable_order)
    return frozenset(ordered[: len(ordered) // 2])


def _as_prompt(given: str | Prompt | Mapping[str, Any], index: int) -> Prompt:
    if isinstance(given, Prompt):
        prompt = given
    elif isinstance(given, str):
        prompt = Prompt(given)
    else:
        try:
            prompt = Prompt(**given)
        except TypeError as problem:
            raise PromptError(f"prompt {index} cannot be read: {problem}.") from None
    if "prompt" in prompt.clusters:
        return prompt
    return replace(prompt, clusters={"prompt": str(index), **prompt.clusters})


def _check_prompt(prompts: PromptSet, index: int, prompt: Prompt) -> None:
    if not isinstance(prompt, Prompt):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise PromptError(
            f"prompt {index} of {prompts.name!r} is no Prompt but {prompt!r}: write Prompt(text, "
            f"answer=…, foil=…), or make the set with PromptSet.from_list."
        )
    where = f"prompt {index} of {prompts.name!r} ({prompt.text[:40]!r})"
    if not prompt.text:
        raise PromptError(f"{where} is the empty text.")
    if prompt.answer is not None and prompt.answer == prompt.foil:
        raise PromptError(f"{where} has {prompt.answer!r} both as answer and as foil.")
    for name in prompts.cluster_by:
        if not prompt.clusters.get(name):
            has = ", ".join(prompt.clusters) or "none"
            raise PromptError(
                f"{where} has no {name!r} id (it has: {has}); prompts that share a {name} are not "
                f"independent, so the set must say which do. Give clusters={{{name!r}: …}}, or "
                f"cluster_by= another name."
            )
    for role, piece in prompt.positions.items():
        if piece not in prompt.text:
            raise PromptError(f"{where} has no {piece!r}, the piece named {role!r}.")


def _stable_order(identifier: str) -> str:
    return hashlib.sha256(identifier.encode()).hexdigest()
