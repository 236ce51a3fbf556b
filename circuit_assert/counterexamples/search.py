"""The search: draw many, measure them together, shrink the first that fails."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from circuit_assert.counterexamples.claims import OnePrompt
from circuit_assert.counterexamples.drawn import Drawn, reading
from circuit_assert.counterexamples.library import require_hypothesis
from circuit_assert.counterexamples.trial import Trial
from circuit_assert.stats.region import Region, signed

if TYPE_CHECKING:
    from hypothesis.database import ExampleDatabase
    from hypothesis.strategies import SearchStrategy


@dataclass(frozen=True)
class Counterexample:
    """A prompt on which a claim fails, as small as the search could make it.

    Args:
        prompt: What the strategy drew: a `Prompt`, or a sequence of tokens.
        text: How it reads.
        score: What it scored, measured alone.
        words: What was measured.
        unit: What the score is: "attention", "logits", "nats".
        region: Where the claim said that it would be.
        model: The model's name.
        first: How the failing prompt read from which it was shrunk.
        first_score: What that one scored.
        tried: Prompts that were drawn and measured in batches; 0 for a kept one.
        alone: Prompts that were measured one at a time, to confirm and to shrink.
        seed: What finds it again; None for one from the example database.
    """

    prompt: Drawn
    text: str
    score: float
    words: str
    unit: str
    region: Region
    model: str
    first: str
    first_score: float
    tried: int
    alone: int
    seed: int | None

    def __str__(self) -> str:
        lines = [
            f"{self.words} is not {self.region} on every prompt in {self.model}:",
            f"    {self.text}",
            f"score   {signed(self.score)} {self.unit}, claimed {self.region}",
        ]
        if self.first != self.text:
            lines.append(f"shrunk  from {self.first}, {signed(self.first_score)}")
        lines.append(f"tried   {self.tried} prompts in batches, {self.alone} alone")
        if self.seed is None:
            return "\n".join([*lines, "kept    by an earlier search, in the example database"])
        return "\n".join([*lines, f"seed    {self.seed}; seed={self.seed} finds it again"])


def find_counterexample(
    claim: OnePrompt,
    strategy: SearchStrategy[Drawn],
    *,
    examples: int = 200,
    batch: int = 64,
    seed: int | None = None,
    database: ExampleDatabase | None = None,
    name: str = "",
) -> Counterexample | None:
    """A prompt on which a claim fails, shrunk to the smallest one; None when none was found.

    None is no evidence for the claim: the prompts follow no distribution.

    Args:
        claim: From prompts to the criterion that each of them alone should meet:
            `on_one_prompt(…)`, or any function such as
            `lambda on: contrast(…, versus="corrupt", on=on, by=0.1)`.
        strategy: What to draw: `ioi_prompts()`, or any strategy of prompts or sequences.
        examples: How many prompts to draw at most.
        batch: How many of them are measured at once.
        seed: Repeats an earlier search; the example database is not asked then. By default a new
            one (0 where hypothesis' profile is derandomized, as it is on CI).
        database: Where failing prompts are kept and looked for first; that of hypothesis' profile
            by default.
        name: Tells searches apart in the database; the model, the measurement and the region
            do so already.

    Raises:
        CircuitAssertError: when hypothesis is not installed.
        ClaimError: when the claim is about no model or has no number per prompt.
        PromptError: when the strategy draws something else than prompts or sequences.
        ModelError: when the model cannot be loaded.
        ExecutionError: when a run fails.
    """
    require_hypothesis()
    from circuit_assert.counterexamples.generation import Generation, new_seed

    chosen = new_seed() if seed is None else seed
    generation = Generation(strategy, seed=chosen, examples=examples, database=database)
    drawn = generation.drawn()
    trial = Trial(claim, drawn[0])
    key = _key(trial, name)
    if seed is None:
        kept = generation.kept(trial.fails, key)
        if kept is not None:
            return _counterexample(trial, kept, seed=None)
    if not _one_fails(trial, drawn, batch):
        return None
    # The same seed draws the same prompts: those known to pass are gone by without a run.
    found = generation.smallest(trial.fails, key)
    return None if found is None else _counterexample(trial, found, seed=chosen)


def _one_fails(trial: Trial, drawn: Iterable[Drawn], batch: int) -> bool:
    """Whether one of a batch fails, also alone; no batch is measured after that."""
    units = iter(drawn)
    while some := list(itertools.islice(units, batch)):
        if any(trial.fails(unit) for unit in trial.suspects(some)):
            return True
    return False


def _counterexample(trial: Trial, found: Drawn, *, seed: int | None) -> Counterexample:
    criterion, tokenizer = trial.criterion, trial.model.tokenizer
    first = next(unit for unit in trial.alone if trial.fails(unit))
    return Counterexample(
        prompt=found,
        text=reading(found, tokenizer),
        score=trial.alone[found],
        words=criterion.words,
        unit=criterion.unit,
        region=criterion.region,
        model=trial.model.name,
        first=reading(first, tokenizer),
        first_score=trial.alone[first],
        tried=trial.together,
        alone=len(trial.alone),
        seed=seed,
    )


def _key(trial: Trial, name: str) -> bytes:
    said = [name, trial.model.name, trial.criterion.words, str(trial.criterion.region)]
    return hashlib.sha256("\n".join(said).encode()).digest()
