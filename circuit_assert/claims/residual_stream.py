"""Claims about the residual stream as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import Body, Criterion, Fact, Found, Question, all_of
from circuit_assert.claims.quantities import Score
from circuit_assert.components import Owner
from circuit_assert.errors import ClaimError
from circuit_assert.measurements import Request
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.measurements.decomposition import DecompositionError, Part
from circuit_assert.prompts.base import Prompts
from circuit_assert.stats.region import below

_ELHAGE = "Elhage et al. 2021, A Mathematical Framework for Transformer Circuits"
_PARTS: tuple[Part, ...] = ("embedding", "heads", "MLPs")


@claim("the logits are the sum of what parts write", source=_ELHAGE)
def residual_stream_decomposes(
    model: Owner, *, on: Prompts, within: float = 1e-3, parts: Sequence[Part] = _PARTS
) -> Body:
    """The direct contributions of the embedding, every head and every MLP add up to the logits.

    Norm scales, of the final norm and of norms after attention, are those of the run. The largest
    difference over eight positions of a prompt and the 16 likeliest tokens at each is, on average
    over prompts, below `within`: rounding is not what is claimed. With fewer `parts` it says
    that the others contribute nothing directly. Control: logits are not capped.

    Args:
        model: The model.
        on: Any prompts.
        within: In logits; a thousandth is our choice, a hundred times the float32 rounding of
            logits.
        parts: "embedding", "heads", "MLPs", or some of them.

    Raises:
        ClaimError: for no parts or others than these, or a margin that is not positive.

    Pitfalls:
        In bfloat16 rounding alone is larger than a thousandth of a logit.
    """
    chosen: tuple[Part, ...] = tuple(part for part in _PARTS if part in parts)
    if not chosen or len(chosen) < len(parts):
        raise ClaimError(
            f"the residual stream is made of {', '.join(map(repr, _PARTS))}; got {list(parts)!r}."
        )
    if within <= 0:
        raise ClaimError(f"within is a positive number of logits; got {within:g}.")
    missed = Score(Request(DecompositionError(chosen), on))
    words = f"largest difference of the logits and the sum of {_said(chosen)}"
    made = all_of(
        Criterion("sum", missed, below(within), words, "logits", model),
        guards=[Fact("a sum", LogitsAreASum(), "logits are linear in the normalised stream")],
    )
    return replace(made, scope=f"({_said(chosen)})")


@dataclass(frozen=True)
class LogitsAreASum(Question):
    """Whether logits are not bent towards a largest value after they are summed."""

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Nothing."""
        return ()

    def answer(self, scores: Scores, alpha: float) -> Found:
        """What the model's configuration says."""
        if scores.weights.caps_logits:
            return Found(None, "the model caps its logits: they are no sum of parts")
        return Found(True, "logits are not capped")


def _said(parts: Sequence[Part]) -> str:
    words = {"embedding": "the embedding", "heads": "all heads", "MLPs": "all MLPs"}
    said = [words[part] for part in parts]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"
