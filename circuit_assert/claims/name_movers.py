"""Claims about heads that move names: from where the indirect object is named to the answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from circuit_assert.claims.ablations import competence
from circuit_assert.claims.arguments import Least
from circuit_assert.claims.claim import claim
from circuit_assert.claims.component_effects import PeerContrast, in_discovery
from circuit_assert.claims.criteria import Body, Criterion, Fact, all_of
from circuit_assert.claims.direct_effects import DirectEffect
from circuit_assert.claims.other_heads import RanksUnlikeOthers
from circuit_assert.claims.ov_circuits import OwnTop, effective_circuit
from circuit_assert.claims.quantities import Score
from circuit_assert.claims.roles import attends_more
from circuit_assert.components import Component, Head, Subject
from circuit_assert.errors import ClaimError
from circuit_assert.measurements import AttentionOverPairs, Request
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.measurements.ov import OVCircuit
from circuit_assert.prompts.base import Prompts
from circuit_assert.prompts.token_samples import AnswerTokens, named_tokens
from circuit_assert.stats.region import above, below

_WANG = "Wang et al. 2022, arXiv:2211.00593, §3.1 and App. A"


@claim("{heads} is a name mover on {on}", source=_WANG)
def head_is_name_mover(
    heads: Subject,
    *,
    on: Prompts,
    by_attention: float,
    by: Least = 0.0,
    copying: float = 0.5,
    top: int = 5,
    names: Sequence[str] | None = None,
    role: str = "IO",
    versus: str | Sequence[str] = ("S1", "S2"),
) -> Body:
    """The head attends from the end to the name that is asked for, copies names, and so answers.

    Attention: as `head_attends_to`, the end to `role` more than to each of `versus`. Copying: of
    more than `copying` of the names, the name is among the `top` tokens that W_OV raises most when
    it reads the effective embedding (the embedding and what the first MLP makes of it). Direct
    effect: what it writes at the end favours the answer over the foil. Controls: those of
    `head_attends_to`; names are copied by fewer other heads (24 drawn at random; McNemar's exact
    test); heads that write about as much, and do not attend so on the discovery half, contribute
    less. The model does the task.

    Args:
        heads: One head of the second layer or later, or several: each attends, and their outputs
            are summed.
        on: Prompts with answers and foils that are names, as `ioi()`.
        by_attention: Smallest difference of attention that counts, a share. (The paper's name
            movers give the indirect object 0.59 of theirs on average.)
        by: Smallest direct effect that counts, in logits; by default its sign.
        copying: Smallest share of names that counts. In the paper it is above 0.95 for name movers
            and below 0.2 for the average head; 0.5, between the two, is our choice.
        top: As many tokens count as raised most; 5 in the paper.
        names: Texts of single tokens; by default all answers and foils of the prompts.
        role: The position of the name that is asked for.
        versus: Those of the other name.

    Raises:
        ComponentError: when a component is not a head.
        ClaimError: for a head of the first layer, positions that the prompts do not have, or
            bounds that nothing, or everything, is above.
        PromptError: for names that are no different texts.

    Published:
        GPT-2 small's name movers are 9.9, 10.0 and 9.6, with 0.59 of their attention on the
        indirect object on average and copy scores above 0.95, against less than 0.2 of the average
        head.

    Pitfalls:
        That the model needs the head is not asked: knocking out all three name movers of GPT-2
        small costs 5 % of the logit difference; see `heads_back_up`. The copy score has no biases
        and no positions. Several heads of a model with norms after attention have to be of one
        layer.
    """
    circuit = _circuit(heads, on, names, "head_is_name_mover")
    bounds = _Bounds(by_attention, copying, top, by)
    return _mover(heads, circuit, on, (role, versus), bounds)


@claim("{heads} is a negative name mover on {on}", source=_WANG)
def head_is_negative_name_mover(
    heads: Subject,
    *,
    on: Prompts,
    by_attention: float,
    by: Least = 0.0,
    copying: float = 0.5,
    top: int = 5,
    names: Sequence[str] | None = None,
    role: str = "IO",
    versus: str | Sequence[str] = ("S1", "S2"),
) -> Body:
    """The head attends from the end to the name that is asked for, and writes against it.

    As `head_is_name_mover`, with −W_OV in place of W_OV: names are among the `top` tokens that it
    lowers most; and what it writes at the end favours the foil.

    Args:
        heads: As there.
        on: As there.
        by_attention: As there.
        by: Smallest size of the direct effect against the answer that counts, in logits.
        copying: Smallest share of names that counts. In the paper it is 0.98 for negative name
            movers and 0.12 for the average head; 0.5 is our choice.
        top: As many tokens count as lowered most; 5 in the paper.
        names: As there.
        role: As there.
        versus: As there.

    Raises:
        ComponentError: as there.
        ClaimError: as there.
        PromptError: as there.

    Published:
        GPT-2 small's are 10.7 and 11.10, with copy scores of 0.98 by −W_OV, against 0.12 of the
        average head.

    Pitfalls:
        It says nothing of why names are lowered; `head_suppresses_copies` is about that.
    """
    circuit = _circuit(heads, on, names, "head_is_negative_name_mover")
    bounds = _Bounds(by_attention, copying, top, by)
    return _mover(heads, circuit, on, (role, versus), bounds, against=True)


@dataclass(frozen=True)
class _Bounds:
    """What counts: of attention, of the share of names among the first few, and in logits.

    Raises:
        ClaimError: for bounds that nothing, or everything, is above.
    """

    attention: float
    copying: float
    top: int
    effect: float

    def __post_init__(self) -> None:
        if not 0 <= self.copying < 1 or self.top < 1:
            raise ClaimError(
                f"copying lies in [0, 1), and top is at least 1; got copying={self.copying:g}, "
                f"top={self.top}."
            )


def _mover(
    heads: Subject,
    circuit: OVCircuit,
    on: Prompts,
    roles: tuple[str, str | Sequence[str]],
    bounds: _Bounds,
    *,
    against: bool = False,
) -> Body:
    attending, controls = _attention(heads, roles, bounds.attention, on)
    effect = DirectEffect(on, circuit.heads, sign=-1.0 if against else 1.0)
    top = bounds.top
    most = "lower" if against else "raise"
    return all_of(
        *attending,
        Criterion(
            "copying",
            OwnTop(circuit, top, lowered=against),
            above(bounds.copying),
            f"share of names among the {top} tokens that they {most} most",
            "names",
            heads.model,
        ),
        _direct(heads, on, circuit, bounds.effect, against=against),
        guards=[
            *controls,
            Fact(
                "copies unlike others",
                RanksUnlikeOthers(circuit, top, against),
                f"other heads {most} fewer names so",
            ),
            Criterion(
                "writes more than others",
                AgainstBystanders(effect, bounds.attention, *roles_of(roles)),
                above(0.0),
                "its effect minus the mean absolute effect of its peers",
                "logits",
                heads.model,
            ),
        ],
        gate=competence(heads, "logit difference", on, 0.0),
    )


@dataclass(frozen=True)
class AgainstBystanders(PeerContrast):
    """A direct effect minus the mean absolute one of heads that write about as much.

    Peers are heads that, on the discovery half of the clusters, do not attend as the claim says:
    the claim's bound on effects may be a sign, which half of all heads meet, and other name movers
    are no control.

    Args:
        role: The position that name movers attend to.
        rivals: Those that they attend to less.
    """

    role: str
    rivals: tuple[str, ...]

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The effects and what tells the peers; and the attention of all heads."""
        return [*super().needs(scores), *self._attention.values()]

    def fails(self, peers: tuple[Component, ...], scores: Scores) -> bool:
        """Whether some of the peers do not attend so."""
        return any(not self._attends(peer, scores) for peer in peers)

    def _attends(self, peer: Component, scores: Scores) -> bool:
        if not isinstance(peer, Head):
            return False
        to = {
            role: Score(request, (peer.layer, peer.head)).measured(scores)
            for role, request in self._attention.items()
        }
        half = in_discovery(to[self.role])
        mean = {role: measured.values[half].mean() for role, measured in to.items()}
        return all(mean[self.role] - mean[rival] > self.by for rival in self.rivals)

    @property
    def _attention(self) -> dict[str, Request]:
        """Role → attention to it."""
        on = self.effect.on
        return {
            role: Request(AttentionOverPairs(f"end→{role}"), on)
            for role in (self.role, *self.rivals)
        }


def roles_of(roles: tuple[str, str | Sequence[str]]) -> tuple[str, tuple[str, ...]]:
    """A role and its rivals; the corrupt side is none that peers are told by."""
    role, versus = roles
    rivals = (versus,) if isinstance(versus, str) else tuple(versus)
    return role, tuple(rival for rival in rivals if rival != "corrupt")


def _attention(
    heads: Subject, roles: tuple[str, str | Sequence[str]], by: float, on: Prompts
) -> tuple[list[Criterion], list[Criterion]]:
    """Criteria and controls of every head, named after it where there are several."""
    role, versus = roles
    attending: list[Criterion] = []
    controls: list[Criterion] = []
    for head in heads.each():
        of = f"{head} " if len(heads.components) > 1 else ""
        more, beside, _ = attends_more(
            head, role, on=on, by=by, versus=versus, at="end", of=f"{of}attends "
        )
        attending, controls = attending + more, controls + beside
    return attending, controls


def _direct(
    heads: Subject, on: Prompts, circuit: OVCircuit, by: float, *, against: bool
) -> Criterion:
    words = "direct contribution to the logit difference"
    region = below(-by) if against else above(by)
    effect = DirectEffect(on, circuit.heads)
    return Criterion("direct effect", effect, region, words, "logits", heads.model)


def _circuit(
    heads: Subject, on: Prompts, names: Sequence[str] | None, claim_type: str
) -> OVCircuit:
    tokens = AnswerTokens(on) if names is None else named_tokens(names, claim_type)
    return effective_circuit(heads, tokens, claim_type)
