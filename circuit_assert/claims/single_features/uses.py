"""Claims about what a feature is for: what it promotes, and what the model loses without it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from circuit_assert.claims.arguments import Least
from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import AllOf, Body, Criterion, Fact, Found, Question
from circuit_assert.claims.single_features.activity import Activity, one_feature
from circuit_assert.claims.single_features.effects import (
    LossBeyondPeers,
    LossWithout,
    Promoted,
    PromotedBeyondPeers,
)
from circuit_assert.components import Subject
from circuit_assert.errors import ClaimError
from circuit_assert.measurements.base import AnyRequest, Scores, WeightRequest
from circuit_assert.measurements.features import LogitWeights
from circuit_assert.prompts.base import Prompts
from circuit_assert.stats.region import above

_MONOSEMANTICITY = "Bricken et al. 2023, Towards Monosemanticity"
_DRAWS = 9999


@claim("{feature} matters where it is active", source=_MONOSEMANTICITY)
def feature_matters(feature: Subject, *, on: Prompts, by: Least, level: float = 0.0) -> Body:
    """Without the feature the model predicts the documents worse, by more than features like it.

    Its part a·d of the activation is taken out at all positions where it is active, and nothing
    else: the activation x becomes x − a·d, so what the dictionary does not explain of it stays.
    The loss summed over the document, of which twelve evenly spread positions are measured, rises
    by more than `by` for each such position. Control:
    it rises by more than the mean absolute change for eight features of the same dictionary that
    are about as often active and write about as much.

    Args:
        feature: A latent, `model.with_dictionary(path)["L9F5617"]`; a neuron (compared with
            neurons of its layer); a direction or a vector (compared with differences between
            documents' activations that are as often active).
        on: Documents other than those on which the feature was found.
        by: Smallest rise that counts, in nats for each position where it is active.
        level: Activations up to this share of the largest are left where they are.

    Raises:
        ComponentError: when `feature` is not one feature.

    Pitfalls:
        The loss may rise after the position too: all of it is counted there. To splice the whole
        reconstruction in would mix in what the dictionary misses everywhere.
    """
    activity = Activity(one_feature(feature, "feature_matters"), on, level)
    return Body(
        Criterion(
            "loss",
            LossWithout(activity, by),
            above(by),
            "rise of the loss without it, for each position where it is active,",
            "nats",
            feature.model,
        ),
        (
            Criterion(
                "specific",
                LossBeyondPeers(activity),
                above(0.0),
                "the same rise minus that without features like it",
                "nats",
                feature.model,
            ),
        ),
    )


@claim("{feature} promotes {tokens}", source=_MONOSEMANTICITY)
def feature_promotes_tokens(
    feature: Subject, tokens: Sequence[str], *, on: Prompts, strength: float, by: Least
) -> Body:
    """It writes toward some tokens' unembeddings, and adding it raises their logits.

    Weights: the mean of what it adds to the tokens' logits through the unembedding, with the final
    norm's gain, is above that of 9,999 random sets of as many tokens at the false-pass rate.
    Effect: at the last position of each document so much of it is added, and the tokens' mean
    logit, minus the vocabulary's, rises by more than `by`. Control: it rises by more than the mean
    absolute change when features like it are added, as long a vector of each.

    Args:
        feature: As for `feature_matters`.
        tokens: Texts that are one token each, with their leading space, other than those that it
            was found by.
        on: Documents, at whose ends it is added. Of these also, how often features are active and
            how much they write, which chooses the features like it.
        strength: How much is added, in units of its activation: what it has where it is clearly
            active.
        by: Smallest rise that counts, in logits.

    Raises:
        ComponentError: when `feature` is not one feature.
        ClaimError: for no tokens, or one text instead of several; for no strength.

    Published:
        Logit weights of the Arabic and Hebrew features have a second mode, which is the tokens of
        the script.

    Pitfalls:
        A token that it is active on need not be one that it promotes.
    """
    texts = tuple(tokens)
    if isinstance(tokens, str) or not texts or len(set(texts)) < len(texts):
        raise ClaimError(f"tokens are different texts, as [' one', ' two']; got {tokens!r}.")
    if not strength > 0:
        raise ClaimError(f"strength is above zero; got {strength:g}.")
    activity = Activity(one_feature(feature, "feature_promotes_tokens"), on)
    rise = Promoted(activity, texts, strength)
    return Body(
        AllOf(
            (
                Fact(
                    "weights",
                    WeightsPromote(rise),
                    "its logit weights single the tokens out of random ones",
                    "logits",
                ),
                Criterion(
                    "effect",
                    rise,
                    above(by),
                    "rise of the tokens' mean logit when it is added",
                    "logits",
                    feature.model,
                ),
            )
        ),
        (
            Criterion(
                "specific",
                PromotedBeyondPeers(rise),
                above(0.0),
                "the same rise minus that when features like it are added",
                "logits",
                feature.model,
            ),
        ),
    )


@dataclass(frozen=True)
class WeightsPromote(Question):
    """Whether tokens' logit weights are above those of random sets of tokens.

    Args:
        of: The feature and the tokens.
    """

    of: Promoted

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Logit weights, which need what a direction is made of."""
        first = [*self.of.of.needs(scores)]
        if any(request not in scores for request in first):
            return first
        return [*first, self._weights(scores)]

    def answer(self, scores: Scores, alpha: float) -> Found:
        """The rank of the tokens' mean."""
        weights = scores[self._weights(scores)].astype(np.float64)
        ordinary = scores.weights.tokenizer.ordinary_tokens()
        own = np.isin(ordinary, self.of.numbers(scores))
        mean, count = float(weights[own].mean()), int(own.sum())
        generator = np.random.default_rng(0)
        drawn = generator.integers(0, len(weights), (_DRAWS, count))
        random = weights[drawn].mean(1)
        p = float((1 + (random >= mean).sum()) / (1 + _DRAWS))
        words = f"their mean logit weight is {mean:+.3g}, of random tokens {random.mean():+.3g}"
        # below the middle of random sets it promotes them no more than any: an answer too
        holds = True if p <= alpha else (False if mean <= float(np.median(random)) else None)
        return Found(holds, words, p_value=p, effect=mean)

    def _weights(self, scores: Scores) -> WeightRequest:
        return WeightRequest(LogitWeights(self.of.of.readable(scores)))
