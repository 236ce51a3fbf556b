"""Is a neuron one of a context: a language, a register, code?"""

from __future__ import annotations

from circuit_assert.claims.claim import claim
from circuit_assert.claims.contexts.detecting import Detection, InContext
from circuit_assert.claims.contexts.searching import BeatsShuffledContexts
from circuit_assert.claims.contexts.using import LossBeyondDirections, LossInContext
from circuit_assert.claims.criteria import Body, Criterion, Fact, all_of
from circuit_assert.components import Neuron, Subject
from circuit_assert.errors import ClaimError
from circuit_assert.prompts.base import Prompts
from circuit_assert.prompts.labels import Label
from circuit_assert.stats.region import above


@claim("{neuron} is a context neuron of {context}", source="Gurnee et al. 2023, arXiv:2305.01610")
def neuron_is_context_neuron(
    neuron: Subject,
    context: Label,
    *,
    on: Prompts,
    by: float,
    loss: float = 0.0,
    searched: int | None = None,
) -> Body:
    """It is active in documents of a context, which it tells from others, and matters there.

    Detection: a threshold on the mean activation over a document, beyond which it is more active,
    is chosen by F1 on the discovery half of the documents; on the test half its F1 is above `by`.
    It is judged by the share J of right ones among documents that are of the context or said to be:
    F1 is 2J / (1 + J), and J, a share of outcomes, has an exact interval. Use: with the neuron at
    its mean over documents of other contexts, the loss of test documents of the context rises by
    more than `loss` beyond that of others: to be decodable is not to be used. Controls: with
    contexts given to other documents, the best of all neurons that were searched, selected anew
    each time, has a smaller F1; and as much changed, position by position, in the directions of
    eight neurons of its layer that do not tell the context, makes less of a difference.

    Args:
        neuron: One neuron.
        context: What is true of such a document's tokens, of more than half of them:
            `document_label("language", "fr")`, `Script("Han")`.
        on: At least 40 documents of the context and others; where none is mistaken, an F1 above 0.8
            takes 12 of the context in the test half, above 0.9 it takes 23. Translations are one
            cluster, among which contexts are shuffled.
        by: F1 that has to be exceeded.
        loss: Smallest difference of the loss that counts, in nats for each token. By default its
            sign counts; how large it is, is judged by the other directions.
        searched: Among how many neurons it was found: those of its layer, by default; more of
            them are of the nearest other layers.

    Raises:
        ComponentError: when `neuron` is not one neuron.
        ClaimError: for an F1 outside 0 to 1, or fewer than one neuron searched.

    Published:
        F1 of the best single neurons: 1.0 for French (L3N609) and German (L3N343) in Pythia 70M,
        0.97 for the language Go (L6N3108) in 1B, 0.99 for patents (L8N1816) in 6.9B.

    Pitfalls:
        F1 depends on how many of the documents are of the context: state it with them. A neuron
        that is active on one frequent word of a language, or on its script, detects it as well:
        compare contexts that share these. Documents about one thing, or from one source, are a
        context of their own.
    """
    if not 0 < by < 1:
        raise ClaimError(f"by is an F1 between 0 and 1; got {by:g}.")
    if searched is not None and searched < 1:
        raise ClaimError(f"searched is a number of neurons, itself among them; got {searched}.")
    of = InContext(neuron.only(Neuron, "neuron_is_context_neuron"), context, on)
    share, model = by / (2 - by), neuron.model
    return all_of(
        Criterion(
            "detection",
            Detection(of),
            above(share),
            f"share of right ones among documents that are of {context} or said to be, F1 being "
            f"{by:g} where it is {share:.3f},",
            "of documents",
            model,
        ),
        Criterion(
            "use",
            LossInContext(of),
            above(loss),
            "rise of the loss without it on documents of the context minus that on others",
            "nats",
            model,
        ),
        guards=[
            Fact(
                "beyond search",
                BeatsShuffledContexts(of, searched),
                "the best neuron for shuffled contexts has a smaller F1",
            ),
            Criterion(
                "specific",
                LossBeyondDirections(of, by),
                above(0.0),
                "the same difference minus its size with as much changed in other directions",
                "nats",
                model,
            ),
        ],
    )
