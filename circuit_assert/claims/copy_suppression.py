"""Claims about heads that take back what is about to be said again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import Body, Criterion, Fact, Found, Question, all_of
from circuit_assert.claims.other_heads import Outcomes, RanksUnlikeOthers, outdoes
from circuit_assert.claims.ov_circuits import OwnTop, effective_circuit
from circuit_assert.claims.quantities import CannotTell, Measured, Quantity
from circuit_assert.components import Head, Subject
from circuit_assert.errors import ClaimError
from circuit_assert.measurements import Request
from circuit_assert.measurements.base import AnyRequest, Scores, WeightRequest
from circuit_assert.measurements.predicted_keys import PredictedKeyRanks
from circuit_assert.measurements.suppression import LoweredWhereAttended
from circuit_assert.prompts.base import Prompts
from circuit_assert.prompts.passages import Passages, passages
from circuit_assert.prompts.token_samples import TokenSample, named_tokens, token_sample
from circuit_assert.stats.region import above

_TEXT = Passages()
_TOKENS = token_sample()


@claim("{head} suppresses copies", source="McDougall et al. 2023, arXiv:2310.04625")
def head_suppresses_copies(
    head: Subject,
    *,
    on: Prompts = _TEXT,
    tokens: TokenSample | Sequence[str] = _TOKENS,
    by: float = 0.5,
    top: int = 10,
    attended: float = 0.1,
    distances: Sequence[int] = (4, 16),
) -> Body:
    """Where a token is predicted that stood there before, the head attends to it and lowers it.

    OV: of more than `by` of the tokens, the token is among the `top` that the head lowers most when
    it reads the effective embedding. QK: for more than `by` of them, a query made of the token's
    unembedding scores the token's own key among the `top` of the vocabulary. In use: on text, of
    more than `by` of the places that get more than `attended` of the head's attention, the token
    there is among the `top` that its whole output lowers most. Controls: other heads lower fewer
    tokens so, and heads of its layer look for fewer; on text, tokens that it does not attend to
    are lowered less often.

    Args:
        head: One head of the second layer or later.
        on: Texts; of each, the first 48 tokens are used.
        tokens: A sample of the vocabulary, or texts of single tokens; for OV and QK.
        by: Smallest share that counts, of each of the three. 0.5 is our choice, between chance and
            GPT-2 small's L10H7: 0.85 by OV, 0.96 by QK, 0.78 in use.
        top: As many tokens count; 10 in the paper.
        attended: How much attention counts; 0.1 in the paper.
        distances: How far before the query a key stands, where positions are rotary: a token
            counts if its key is among the first at each. Two of our choice.

    Raises:
        ComponentError: when `head` is not one head.
        ClaimError: for a head of the first layer, or bounds that nothing, or everything, is above.
        PromptError: for tokens that are neither a sample nor different texts.

    Published:
        GPT-2 small's L10H7: 85 % by OV, 96 % by QK, 78 % in use, all by the top ten.

    Pitfalls:
        That it does this does not say that it does little else: `copy_suppression_explains` is
        about the share of its effect (CSPA). Refused where norms take several heads together, or
        queries and keys are not made by matrices of their own. The unit is the token for OV and QK
        (1,000 and 200 of the sample), in use the place, clustered by text.
    """
    one = head.only(Head, "head_suppresses_copies")
    far = tuple(distances)
    if not (0 <= by < 1 and top >= 1 and 0 < attended < 1 and far and min(far) >= 0):
        raise ClaimError(
            f"by lies in [0, 1), top is at least 1, attended lies in (0, 1), and distances are not "
            f"negative; got by={by:g}, top={top}, attended={attended:g}, distances={far}."
        )
    chosen = named_tokens(tokens, "head_suppresses_copies")
    circuit = effective_circuit(head, chosen, "head_suppresses_copies")
    keys = PredictedKeys(one, PredictedKeyRanks(one.layer, chosen, far), top)
    lowered = LoweredWhereAttended(one, attended, top)
    text = passages(on, "shuffled")
    return all_of(
        Criterion(
            "OV",
            OwnTop(circuit, top, lowered=True),
            above(by),
            f"share of tokens among the {top} that they lower most",
            "tokens",
            head.model,
        ),
        Criterion(
            "QK",
            keys,
            above(by),
            f"share of tokens whose own key is among the {top} first when they are predicted",
            "tokens",
            head.model,
        ),
        Criterion(
            "in use",
            WhereAttended(lowered, text),
            above(by),
            f"share of attended tokens among the {top} that its output lowers most",
            "places",
            head.model,
        ),
        guards=[
            Fact(
                "lowers unlike others",
                RanksUnlikeOthers(circuit, top, lowered=True),
                "other heads lower fewer tokens so",
            ),
            Fact(
                "looks unlike others",
                KeysUnlikeOthers(keys),
                "other heads of the layer look for fewer tokens so",
            ),
            Criterion(
                "not what it does not attend to",
                WhereAttended(lowered, text) - WhereAttended(lowered, text, column=1),
                above(0.0),
                "the share less that of tokens that it does not attend to",
                "places",
                head.model,
            ),
        ],
    )


@dataclass(frozen=True)
class PredictedKeys(Quantity):
    """Of each token, whether its key is among the first for a query that predicts it.

    Args:
        head: The head.
        of: The ranks, of all heads of its layer.
        top: Among how many; at every distance.
    """

    head: Head
    of: PredictedKeyRanks
    top: int

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The ranks; nothing where they cannot be worked out."""
        return () if scores.weights.no_queries_and_keys else (WeightRequest(self.of),)

    def measured(self, scores: Scores) -> Measured:
        """0 or 1 for each token; tokens are the units.

        Raises:
            CannotTell: for attention that is not between queries and keys of single tokens.
        """
        obstacle = scores.weights.no_queries_and_keys
        if obstacle:
            raise CannotTell(f"{obstacle}: there are no scores between tokens")
        outcomes = self.outcomes(scores)[self.head.head]
        units = tuple(range(len(outcomes)))
        return Measured(
            outcomes.astype(np.float64),
            {"token": units},
            units,
            binary=True,
            notes=(self._note(scores),),
        )

    def outcomes(self, scores: Scores) -> Outcomes:
        """The same for all heads of the layer: `[head, token]`."""
        found: Outcomes = scores[WeightRequest(self.of)] <= self.top
        return np.logical_and.reduce(found)

    def _note(self, scores: Scores) -> str:
        weights = scores.weights
        said = ["the model's own queries and keys"]
        if weights.has_query_key_norms:
            said.append("normalised")
        if weights.has_rotary_positions:
            said.append(f"turned for distances {', '.join(map(str, self.of.distances))}")
        return f"{', '.join(said)}, of {len(weights.tokenizer.ordinary_tokens())} tokens"


@dataclass(frozen=True)
class KeysUnlikeOthers(Question):
    """Whether other heads of the layer find fewer tokens' keys.

    Args:
        of: The head's.
    """

    of: PredictedKeys

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The ranks."""
        return self.of.needs(scores)

    def answer(self, scores: Scores, alpha: float) -> Found:
        """An exact test of pairs: each token by the head, and by one of the others."""
        obstacle = scores.weights.no_queries_and_keys
        if obstacle:
            return Found(None, obstacle)
        outcomes = self.of.outcomes(scores)
        own = self.of.head.head
        others = np.delete(outcomes, own, axis=0)
        return outdoes(outcomes[own], others, alpha, "other heads of the layer")


@dataclass(frozen=True)
class WhereAttended(Quantity):
    """Whether a head lowers what it attends to, place by place of some texts.

    Args:
        of: The measurement.
        on: The texts.
        column: 0 for what it attends to, 1 for what it does not.
    """

    of: LoweredWhereAttended
    on: Prompts
    column: int = 0

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The places of all texts."""
        return (Request(self.of, self.on),)

    def measured(self, scores: Scores) -> Measured:
        """0 or 1 for each place; texts are the clusters.

        Raises:
            CannotTell: when there is none.
        """
        request = Request(self.of, self.on)
        table = scores[request][:, self.column]
        rows, places = np.nonzero(~np.isnan(table))
        if not len(rows):
            raise CannotTell(
                f"{self.of.head} gives no token more than {self.of.above:g} of its attention on "
                f"{self.on.name}"
            )
        prompts = scores.tokenized(self.on)
        return Measured(
            table[rows, places].astype(np.float64),
            {name: [ids[row] for row in rows] for name, ids in prompts.clusters.items()},
            tuple((rows * table.shape[1] + places).tolist()),
            binary=True,
            notes=(f"{len(rows)} places in {len(set(rows.tolist()))} of {len(table)} texts",),
        )
