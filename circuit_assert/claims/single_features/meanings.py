"""Claims about what a feature is active on."""

from __future__ import annotations

from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import AllOf, Body, Criterion
from circuit_assert.claims.single_features.activity import Activity, one_feature
from circuit_assert.claims.single_features.shares import THIRDS, Labelled, ShareOfPositions, Third
from circuit_assert.components import Owner, Subject
from circuit_assert.errors import ClaimError
from circuit_assert.prompts.base import Prompts
from circuit_assert.prompts.labels import Label, Script, ScriptName
from circuit_assert.stats.region import above

_MONOSEMANTICITY = "Bricken et al. 2023, Towards Monosemanticity"


@claim("{feature} is active only on {label}", source=_MONOSEMANTICITY)
def feature_is_specific(
    feature: Subject, label: Label, *, on: Prompts, by: float, level: float = 0.0
) -> Body:
    """Where the feature is active, the label holds: weakly, fairly and strongly active.

    Precision is the share of active positions at which the label holds, documents being the
    clusters. It is above `by` in the lowest, the middle and the highest third of its activations'
    range alike: a feature that means something else where it is weak is refuted. Control: with the
    labels of other documents it would be smaller.

    Args:
        feature: A latent, `model.with_dictionary(path)["L9F5617"]`; a neuron; a direction between
            prompt sets; or a vector from a file.
        label: What is claimed of tokens: `token_label("digits", str.isdigit)`,
            `document_label("language", "ru")`, `Script("Arabic")`.
        on: Documents other than those on which the feature was found.
        by: Precision that has to be exceeded.
        level: Activations up to this share of the largest do not count.

    Raises:
        ComponentError: when `feature` is not one feature.
        ClaimError: for a `by` or `level` that is no share.

    Published:
        A feature for Arabic script (A/1/3450): 0.13 % of tokens are Arabic but 81 % of those it is
        active on; 25 % at its lowest activations, 98 % above 5.

    Pitfalls:
        Most features are less specific where they are weakest, so the thirds, or the `level`,
        decide; say it. A neuron of a gated MLP is active by the size of its activation, as its
        sign can be turned without changing the model.
    """
    _shares(by=by)
    activity = Activity(one_feature(feature, "feature_is_specific"), on, level)
    of, owner = Labelled(activity, label), feature.model
    return Body(_precision(of, by, owner), (_beyond_shuffled(of, "precision", owner),))


@claim("{feature} is active wherever there is {label}", source=_MONOSEMANTICITY)
def feature_is_sensitive(
    feature: Subject, label: Label, *, on: Prompts, by: float, level: float = 0.0
) -> Body:
    """Where the label holds, the feature is active.

    Recall, the share of positions with the label at which it is active, is above `by`, documents
    being the clusters. Control: with the labels of other documents it would be smaller, so that a
    feature that is always active does not pass.

    Args:
        feature: As for `feature_is_specific`.
        label: As for `feature_is_specific`.
        on: Documents other than those on which the feature was found.
        by: Recall that has to be exceeded.
        level: Activations up to this share of the largest do not count.

    Raises:
        ComponentError: when `feature` is not one feature.
        ClaimError: for a `by` or `level` that is no share.

    Published:
        As a correlation with a proxy, which counts how active it is too: 0.74 for Arabic
        (A/1/3450), 0.55 for Hebrew, 0.8 for DNA, 0.38 for base64.

    Pitfalls:
        In larger dictionaries one feature splits into several, each of which is less sensitive.
    """
    _shares(by=by)
    activity = Activity(one_feature(feature, "feature_is_sensitive"), on, level)
    of, owner = Labelled(activity, label), feature.model
    return Body(_recall(of, by, owner), (_beyond_shuffled(of, "recall", owner),))


@claim("{feature} is a feature of {script} script", source=_MONOSEMANTICITY)
def feature_means_script(
    feature: Subject,
    script: ScriptName,
    *,
    on: Prompts,
    by: float,
    recall: float,
    level: float = 0.0,
) -> Body:
    """It is active only on tokens with letters of a script, and on most of them.

    Both `feature_is_specific`, above `by` in each third of its range, and
    `feature_is_sensitive`, above `recall`, for the script that the Unicode names of a token's
    letters tell. A token that is a part of a character, which decodes to U+FFFD, is counted
    neither way. Controls: those of both.

    Args:
        feature: As for `feature_is_specific`.
        script: "Arabic", "Cyrillic", "Greek", "Han", "Hebrew", "Latin" and others.
        on: Documents in several scripts, in several languages of this one if it has them, other
            than those on which the feature was found.
        by: Precision that has to be exceeded.
        recall: Recall that has to be exceeded.
        level: Activations up to this share of the largest do not count.

    Raises:
        ComponentError: when `feature` is not one feature.
        ClaimError: for a `by`, `recall` or `level` that is no share.
        PromptError: for an unknown script.

    Published:
        Arabic (A/1/3450), Hebrew (A/1/416): proxies by Unicode blocks.

    Pitfalls:
        On documents in one language of a script, a feature of the language looks the same. Rare
        characters are several tokens, of which a feature may be active on the last only.
    """
    _shares(by=by, recall=recall)
    activity = Activity(one_feature(feature, "feature_means_script"), on, level)
    of, owner = Labelled(activity, Script(script)), feature.model
    return Body(
        AllOf((*_precision(of, by, owner).parts, _recall(of, recall, owner))),
        (_beyond_shuffled(of, "precision", owner), _beyond_shuffled(of, "recall", owner)),
    )


def _precision(of: Labelled, by: float, owner: Owner) -> AllOf:
    return AllOf(tuple(_precision_in(of, third, by, owner) for third in THIRDS))


def _precision_in(of: Labelled, third: Third, by: float, owner: Owner) -> Criterion:
    return Criterion(
        f"precision, {third} third",
        ShareOfPositions(of, "precision", by, third),
        above(by),
        f"share of {of.label} among positions in the {third} third of its range",
        "share",
        owner,
    )


def _recall(of: Labelled, by: float, owner: Owner) -> Criterion:
    return Criterion(
        "recall",
        ShareOfPositions(of, "recall", by),
        above(by),
        f"share of positions of {of.label} at which it is active",
        "share",
        owner,
    )


def _beyond_shuffled(of: Labelled, share: str, owner: Owner) -> Criterion:
    return Criterion(
        f"{share} beyond shuffled labels",
        ShareOfPositions(of, "precision" if share == "precision" else "recall", 0.0, None, True),
        above(0.0),
        f"{share} minus what it is with the labels of other documents",
        "share",
        owner,
    )


def _shares(**given: float) -> None:
    for name, share in given.items():
        if not 0 <= share < 1:
            raise ClaimError(f"{name} is a share between 0 and 1; got {share:g}.")
