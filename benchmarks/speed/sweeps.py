"""All heads, one after the other: mean ablation and activation patching on one task."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from contextlib import redirect_stderr
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from itertools import product
from typing import Any

import numpy as np
import torch

from benchmarks.speed.paired import Numbers, Timed, compare
from benchmarks.speed.plain import plain_bridge
from circuit_assert import Prompt, PromptSet, ioi
from circuit_assert.backends.load import load
from circuit_assert.backends.transformer_lens import TransformerLensBackend
from circuit_assert.components import Head
from circuit_assert.execution.executor import Executor
from circuit_assert.interventions import Ablation, Intervention, Patch
from circuit_assert.measurements import LogitDifference, Request
from circuit_assert.models.spec import ModelSpec, spec_of
from circuit_assert.prompts.base import Side, TokenizedPrompts

_WORDS = 1000


@dataclass(frozen=True)
class Task:
    """Prompts on a loaded model.

    Args:
        backend: The model.
        prompts: The prompts.
        spec: Which model it is; None where there is no usual way to compare with.
    """

    backend: TransformerLensBackend
    prompts: PromptSet
    spec: ModelSpec | None = None

    @cached_property
    def bridge(self) -> Any:
        """What the usual way works with: the model once more, as transformer-lens loads it."""
        assert self.spec is not None
        return plain_bridge(self.spec)

    @property
    def tokenized(self) -> TokenizedPrompts:
        """In the model's tokens."""
        return self.prompts.tokenize(self.backend.tokenizer)

    def heads(self) -> list[Head]:
        """All of the model."""
        card = self.backend.card
        return [Head(*place) for place in product(range(card.layers), range(card.heads))]


def load_task(model: str, prompts: int) -> Task:
    """A zoo model with the first prompts that ask for the indirect object."""
    whole = ioi(per_template=4 if prompts <= len(ioi(per_template=4)) else 8)
    names = list(dict.fromkeys(whole.clusters["template"]))
    chosen = set(names[: max(1, prompts * len(names) // len(whole))])
    part = whole.where(lambda prompt: prompt.clusters["template"] in chosen)
    spec = spec_of(model)
    return Task(load(spec), part, spec)


def patterned(prompts: int) -> PromptSet:
    """Prompts of words that random models know, sixteen tokens each, with an answer and a foil."""
    made = [
        Prompt(
            " ".join(f"w{(17 * number + place) % _WORDS}" for place in range(15)),
            answer=f" w{number % _WORDS}",
            foil=f" w{(number + 1) % _WORDS}",
            clusters={"template": f"t{number // 4}"},
        )
        for number in range(prompts)
    ]
    return PromptSet("words", tuple(made))


def mean_ablation(task: Task, *, turns: int = 2) -> Timed:
    """The logit difference without each head, in turn."""
    _ = task.bridge  # loading it is no part of either way
    return compare(
        f"mean ablation of {len(task.heads())} heads, {len(task.prompts)} prompts",
        lambda: _looped_ablation(task),
        lambda: swept_ablations(task),
        turns=turns,
    )


def patching(task: Task, *, turns: int = 2) -> Timed:
    """The corrupt prompts' logit difference with each head as on the clean ones, in turn."""
    _ = task.bridge  # loading it is no part of either way
    return compare(
        f"patching of {len(task.heads())} heads, {len(task.prompts)} prompts",
        lambda: _looped_patching(task),
        lambda: _swept(task, [Patch((head,), "clean") for head in task.heads()], "corrupt"),
        turns=turns,
    )


def swept_ablations(task: Task) -> Numbers:
    """The logit difference without each head, by the engine."""
    return _scores(task, ablations(task))


def ablations(task: Task) -> list[Request]:
    """The logit difference without each head."""
    return _requests(task, [Ablation((head,)) for head in task.heads()], "clean")


def _swept(task: Task, under: Iterable[Intervention], side: Side) -> Numbers:
    return _scores(task, _requests(task, under, side))


def _requests(task: Task, under: Iterable[Intervention], side: Side) -> list[Request]:
    return [Request(LogitDifference(), task.prompts, side, each) for each in under]


def _scores(task: Task, requests: list[Request]) -> Numbers:
    engine = Executor(task.backend)
    engine.run(requests)
    return np.stack([engine.store.scores[request] for request in requests])


def _batches(task: Task, side: Side) -> list[tuple[torch.Tensor, list[int]]]:
    """Prompts of one length, so that the usual way needs no padding."""
    rows = task.tokenized.tokens[side]
    by_length: dict[int, list[int]] = defaultdict(list)
    for unit, row in enumerate(rows):
        by_length[len(row)].append(unit)
    return [
        (torch.from_numpy(np.stack([rows[unit] for unit in units])), units)
        for units in by_length.values()
    ]


def _logit_differences(task: Task, logits: torch.Tensor, units: list[int]) -> Numbers:
    at_end = logits[torch.arange(len(units)), -1]
    answers, foils = (
        torch.from_numpy(tokens[units])[:, None]
        for tokens in (task.tokenized.answers, task.tokenized.foils)
    )
    return (at_end.gather(1, answers) - at_end.gather(1, foils))[:, 0].float().cpu().numpy()


@torch.no_grad()
def _looped_ablation(task: Task) -> Numbers:
    """A whole run for each head and batch, with a hook that sets the head to its mean."""
    found = np.zeros((len(task.heads()), len(task.prompts)))
    names = {f"blocks.{layer}.attn.hook_z" for layer in range(task.backend.card.layers)}
    for tokens, units in _batches(task, "clean"):
        _, cache = task.bridge.run_with_cache(tokens, names_filter=names.__contains__)
        share = _shares(task, units)
        for number, head in enumerate(task.heads()):
            name = f"blocks.{head.layer}.attn.hook_z"
            mean = torch.einsum("uv,vpd->upd", share, cache[name][:, :, head.head])

            def ablate(z: torch.Tensor, hook: Any, mean: Any = mean, of: int = head.head) -> Any:
                z[:, :, of] = mean
                return z

            logits = task.bridge.run_with_hooks(tokens, fwd_hooks=[(name, ablate)])
            found[number, units] = _logit_differences(task, logits, units)
    return found


def _shares(task: Task, units: list[int]) -> torch.Tensor:
    """`[unit, unit]`: the mean over the other prompts of a unit's template."""
    groups = np.array(task.tokenized.groups)[units]
    alike = torch.from_numpy(groups[:, None] == groups[None]).float()
    alike.fill_diagonal_(0.0)
    return alike / alike.sum(1, keepdim=True)


@torch.no_grad()
def _looped_patching(task: Task) -> Numbers:
    """transformer_lens' own function, a batch of one length at a time."""
    from transformer_lens import patching as usual

    found = np.zeros((len(task.heads()), len(task.prompts)))
    clean = {tuple(units): tokens for tokens, units in _batches(task, "clean")}
    for tokens, units in _batches(task, "corrupt"):
        _, cache = task.bridge.run_with_cache(clean[tuple(units)])
        each: list[Numbers] = []

        def metric(logits: torch.Tensor, units: list[int] = units, each: Any = each) -> Any:
            each.append(_logit_differences(task, logits, units))
            return torch.tensor(0.0)

        with redirect_stderr(StringIO()):  # its progress bar
            usual.get_act_patch_attn_head_out_all_pos(task.bridge, tokens, cache, metric)
        found[:, units] = np.stack(each)
    return found
