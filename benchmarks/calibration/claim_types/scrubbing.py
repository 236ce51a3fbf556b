"""Causal scrubbing at its bound: a feature that half of the donors agree on for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count

import numpy as np

from benchmarks.calibration.claim_types.case import Case
from circuit_assert import Claim, Session, circuit_survives_scrubbing
from circuit_assert.models.planted_models import lookup_model
from circuit_assert.prompts.prompt_set import Prompt, PromptSet

_EFFECT, _BACKUP = 2.0, 1.0  # logits, of L1H0 and of either of L1H2 and L1H3
_CUES, _EACH, _TEMPLATES = 3, 4, 24
_ALIKE = (_EACH - 1) / (_CUES * _EACH - 1)  # of all other prompts of a template, with the cue
_HALF = 0.5  # of those with the feature "half", by three times 2 in 3 and once none
_EITHER = 1.0 - (1.0 - _ALIKE) ** 2
_LOST = _EFFECT * (1.0 - _ALIKE) + _BACKUP * (1.0 - _EITHER)  # by shuffling every node
_KEPT = 1.0 - _EFFECT * (1.0 - _HALF) / _LOST
_NODES = ("L1H0", "L1H2", "L1H3")


def _prompts(seed: int) -> PromptSet:
    """Prompts of some templates with three cues each, all of them in each of four wordings.

    Of four prompts that have a feature "half" in common, three have one cue and one another.
    """
    generator = np.random.default_rng(seed)
    prompts: list[Prompt] = []
    for template in range(_TEMPLATES):
        cues = generator.permutation(24)[:_CUES].tolist()
        mark, words = int(generator.integers(32)), generator.permutation(40).tolist()
        for n, cue in enumerate(cues):
            for wording in range(_EACH):
                half = n if wording else (n + 1) % _CUES
                text = f"word{words[wording]} mark{mark} word{words[5]} cue{cue} word{words[6]}"
                prompts.append(
                    Prompt(
                        text,
                        answer=f" answer{cue}",
                        foil=f" foil{cue}",
                        positions={"cue": f" cue{cue}"},
                        clusters={"template": str(template), "half": str(half)},
                    )
                )
    return PromptSet("cues in four wordings", tuple(prompts))


def _claims(feature: str, by: float, seed: int, *, random: bool = False) -> Iterator[Claim]:
    planted = lookup_model(effect=_EFFECT, spread=0.8, backup=_BACKUP, skewed=True, seed=seed)
    model = Session().model(planted.with_random_weights(seed) if random else planted)
    for prompts in count(1):
        yield circuit_survives_scrubbing(
            model.circuit(_NODES),
            on=_prompts(prompts),
            by=by,
            correspondence={"L1H0": feature},
            draws=4,
            seed=prompts,  # other donors for each instance, as other prompts
        )


CASES = (
    Case(
        "circuit_survives_scrubbing",
        "share",
        "at the bound",
        partial(_claims, "half", _KEPT),
        share=0.25,
    ),
    Case(
        "circuit_survives_scrubbing",
        "clearly",
        "true",
        partial(_claims, "cue", 0.7),
        share=0.125,
    ),
    Case(
        "circuit_survives_scrubbing",
        "random weights",
        "easy null",
        partial(_claims, "cue", 0.7, random=True),
        models=20,
        share=0.125,
    ),
)
