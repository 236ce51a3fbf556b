"""Claims about what adding a feature makes a model write."""

from __future__ import annotations

from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import Body, Criterion, all_of
from circuit_assert.claims.quantities import Quantity
from circuit_assert.claims.single_features.activity import Activity, one_feature
from circuit_assert.claims.steering.shares import BeyondControls, DoseResponse, Harm, Rise
from circuit_assert.claims.steering.steered import Steered
from circuit_assert.components import Direction, Owner, Subject
from circuit_assert.errors import ClaimError
from circuit_assert.prompts.base import Prompts
from circuit_assert.prompts.scorers import Scorer
from circuit_assert.stats.region import above, below

_MONOSEMANTICITY = "Bricken et al. 2023, Towards Monosemanticity, on steering"
_FEWEST_TOKENS = 8
_SEED = 1
_MOST, _FEW = 0.5, 0.25  # of the prefixes


@claim("adding {feature} makes the model write {output}", source=_MONOSEMANTICITY)
def steering_makes_output(
    feature: Subject,
    output: Scorer,
    *,
    on: Prompts,
    by: float,
    versus: Scorer,
    strength: float = 1.0,
    natural: Prompts | None = None,
    tokens: int = 12,
    unharmed: Prompts | None = None,
    within: float | None = None,
) -> Body:
    """With the feature added, more of what the model writes is of that kind, in most prefixes.

    The model continues prompts, the likeliest token each time, with `strength` times the feature's
    largest natural activation added to the residual stream at every position but the first. In
    more than half of the prompts, which are the clusters, the share that a scorer counts of the
    continuation rises by more than `by`. A continuation that repeats itself (distinct-2 below 0.5)
    counts as nothing, with the feature or without. Controls, each in more than half of the
    prompts: the share rises over none, a quarter, half and all of the strength; it rises where
    tokens are drawn at temperature 1, too; it is larger by `by` than the mean with other features
    (of twenty: neurons of the layer, latents of the dictionary, differences between prompts) or
    one of five random directions added at the same length. Another scorer's share rises by `by` in
    fewer than a quarter; and, where `unharmed` is given, loss on that text by less than `within`.

    Args:
        feature: A neuron, a latent, a vector, or a direction.
        output: What is counted: `ScriptShare("Arabic")`, `UpperCase()`, `Alphabet(…)`,
            `Language(…)`, or any object with `score`, `identity` and `str`.
        on: At least 20 prompts to continue, written independently of each other.
        by: The rise of a continuation's share that counts.
        versus: What it might write more of instead, and must not: another script or language.
        strength: In largest natural activations.
        natural: Documents on which it is active; a direction's own prompts by default.
        tokens: How many are written after each prompt.
        unharmed: Text that has nothing to do with it.
        within: Nats of loss that it may cost there.

    Raises:
        ComponentError: when `feature` is not one neuron, latent, vector or direction.
        ClaimError: without `natural` for what is no direction; for a `by` that is no share, a
            strength not above 0, fewer than 8 tokens; for only one of `unharmed` and `within`.

    Published:
        Samples only, without rates of success: features pinned to their largest activation write
        Arabic (A/1/3450), Hebrew (A/1/416), base64 (A/1/2357), upper case (A/1/3405). With
        concepts judged by a language model, adding the difference of means reaches 0.18 where
        prompting reaches 0.73 (AxBench, Gemma 2 2B).

    Pitfalls:
        Large vectors of any direction break the model, whose repetitions then match patterns:
        hence the controls of equal length, and that repetitions do not count. Plain English
        matches base64's alphabet; `Alphabet` asks for entropy and for every kind of character.
        That adding it does something does not say that the model uses it: `feature_matters` does.
    """
    of = steered(feature, on, strength, natural, tokens)
    _check(by, strength, tokens, unharmed, within)
    model = feature.model
    guards = [
        _most("dose", DoseResponse(of, output), f"{output} rise with the dose", model),
        _most(
            "beyond controls",
            BeyondControls(of, output, by),
            f"there are more {output} than with other features of the same length",
            model,
        ),
        Criterion(
            "specific",
            Rise(of, versus, by),
            below(_FEW),
            f"share of prefixes after which {versus} rise by {by:g}",
            "share of prefixes",
            model,
        ),
        _most("drawn", Rise(of, output, 0.0, _SEED), f"drawn at random, {output} rise", model),
    ]
    if unharmed is not None and within is not None:
        words = f"rise of the loss on {unharmed.name}"
        harm = Harm(of, unharmed)
        guards.append(Criterion("unharmed", harm, below(within), words, "nats", model))
    rise = _most("rise", Rise(of, output, by), f"{output} rise by {by:g}", model)
    return all_of(rise, guards=guards)


def steered(
    feature: Subject, on: Prompts, strength: float, natural: Prompts | None, tokens: int
) -> Steered:
    """A feature, and prompts that are continued with it added.

    Raises:
        ComponentError: when it is not one neuron, latent, vector or direction.
        ClaimError: without `natural` for what is no direction.
    """
    one = one_feature(feature, "steering_makes_output")
    where = natural
    if where is None and isinstance(one, Direction) and isinstance(one.toward, Prompts):
        where = one.toward
    if where is None:
        raise ClaimError(f"give natural=, documents on which {one} is active.")
    return Steered(Activity(one, where), on, strength, tokens)


def _most(name: str, quantity: Quantity, words: str, model: Owner) -> Criterion:
    """In more than half of the prefixes."""
    said = f"share of prefixes after which {words}"
    return Criterion(name, quantity, above(_MOST), said, "share of prefixes", model)


def _check(
    by: float, strength: float, tokens: int, unharmed: Prompts | None, within: float | None
) -> None:
    if not 0 <= by < 1:
        raise ClaimError(f"by is a share between 0 and 1; got {by:g}.")
    if not strength > 0:
        raise ClaimError(f"the strength is above 0; got {strength:g}.")
    if tokens < _FEWEST_TOKENS:
        raise ClaimError(f"{_FEWEST_TOKENS} tokens are the fewest to be scored; got {tokens}.")
    if (unharmed is None) != (within is None):
        raise ClaimError("give both unharmed=, a text, and within=, the loss that it may cost.")
