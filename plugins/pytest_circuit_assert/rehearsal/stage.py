"""Where tests are rehearsed: a court that measures nothing and takes note of what it is asked."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NoReturn

from pytest_circuit_assert.judgements.places import Path, failing_path, leads_to, path_from

if TYPE_CHECKING:
    from circuit_assert import Claim, Session
    from circuit_assert.models.model import Model

_MOST_CLAIMS = 1000
"""That one call of a test judges: `while claim` would ask for ever."""
_MOST_MADE = 10 * _MOST_CLAIMS


class CannotRehearseError(Exception):
    """The test wants more than to know whether a claim is true."""


@dataclass
class Supposed:
    """Stands for the evidence on a claim; there is nothing in it but the verdict.

    Args:
        verdict: The one that was last supposed.
    """

    verdict: Any


@dataclass(frozen=True)
class Asked:
    """A claim's truth was asked for.

    Args:
        claim: Which.
        path: From where.
        answer: What was said.
    """

    claim: Claim
    path: Path
    answer: bool

    @property
    def key(self) -> tuple[Path, str]:
        """This claim, from there."""
        return self.path, self.claim.id


@dataclass
class Script:
    """What to say to whom: True, until it is seen to stop the test.

    Args:
        elsewhere: What a place is told of claims that are not in `pinned`.
        pinned: What it is told of a claim that it has asked about before.
    """

    elsewhere: dict[Path, bool] = field(default_factory=dict[Path, bool])
    pinned: dict[tuple[Path, str], bool] = field(default_factory=dict[tuple[Path, str], bool])

    def answer(self, path: Path, claim_id: str) -> bool:
        """What to say."""
        return self.pinned.get((path, claim_id), self.elsewhere.get(path, True))

    def revise(self, call: Call) -> bool:
        """Say otherwise where the test was stopped; False when that has been tried.

        The place is taken to deny its claims from now on, so that a loop of denials needs one call
        more; those that it has let through stay as they are.
        """
        culprit = call.culprit
        if culprit is None or culprit.key in self.pinned:
            return False
        for asked in call.asked:
            if asked.path == culprit.path and asked is not culprit:
                self.pinned[asked.key] = asked.answer
        if self.elsewhere.get(culprit.path, True):
            self.elsewhere[culprit.path] = False
        else:
            self.pinned[culprit.key] = True
        return True


@dataclass
class Call:
    """One call of a test.

    Args:
        judged: The claims that it judges, by id.
        asked: Whose truth it asks for, in order.
        culprit: What stopped it, when that is an assertion of a claim.
        made: How many claims it has built.
    """

    judged: dict[str, Claim] = field(default_factory=dict[str, "Claim"])
    asked: list[Asked] = field(default_factory=list[Asked])
    culprit: Asked | None = None
    made: int = 0


class Stage:
    """The court of the handles in a rehearsal: it supposes what the script says.

    Args:
        false_pass_rate: α, which is part of a claim's identity.
    """

    def __init__(self, false_pass_rate: float) -> None:
        from circuit_assert import Verdict

        self.false_pass_rate = false_pass_rate
        self._true, self._false = Verdict.SUPPORTED, Verdict.REFUTED
        self._script, self._call = Script(), Call()

    def perform(self, body: Callable[[], None], script: Script) -> Call:
        """Call a test once, whatever it raises."""
        self._script, self._call = script, Call()
        try:
            body()
        except KeyboardInterrupt:
            raise
        except BaseException as failure:  # pytest's outcomes are no Exceptions
            self._call.culprit = self._culprit(failure)
        return self._call

    def _culprit(self, failure: BaseException) -> Asked | None:
        if not isinstance(failure, AssertionError):
            return None
        failing = failing_path(failure.__traceback__)
        asked = reversed(self._call.asked)
        return next((each for each in asked if leads_to(each.path, failing)), None)

    def judge(self, claim: Claim, /) -> Supposed:
        """Take note of a claim; suppose that it is true until somebody asks."""
        if len(self._call.judged) >= _MOST_CLAIMS or len(self._call.asked) >= 2 * _MOST_CLAIMS:
            raise CannotRehearseError(f"more than {_MOST_CLAIMS} claims")
        for each in (*claim.parts, claim):
            self._call.judged.setdefault(each.id, each)
        return Supposed(self._true)

    def asked(self, claim: Claim, supposed: Supposed, /) -> None:
        """Suppose what the script says to whoever asks."""
        if len(self._call.asked) >= 2 * _MOST_CLAIMS:
            raise CannotRehearseError("it asks without end")
        path = path_from(inspect.currentframe())
        answer = self._script.answer(path, claim.id)
        supposed.verdict = self._true if answer else self._false
        self._call.asked.append(Asked(claim, path, answer))

    def announce(self, claim: Claim, /) -> None:
        """Which claims are judged is what matters; but a loop that builds them has to end."""
        self._call.made += 1
        if self._call.made > _MOST_MADE:
            raise CannotRehearseError(f"more than {_MOST_MADE} claims")

    def measure(self, model: object, requests: Sequence[object]) -> NoReturn:
        """Nothing is measured here."""
        raise CannotRehearseError("it measures")

    def explore(self, model: object) -> NoReturn:
        """Nothing is measured here."""
        raise CannotRehearseError("it measures")

    def remembered(self, model: object, given: object, make: object) -> NoReturn:
        """Nothing is measured here."""
        raise CannotRehearseError("it measures")

    def tokenizer(self, model: object) -> NoReturn:
        """No model is loaded here."""
        raise CannotRehearseError("it wants the tokenizer")

    def discovered(self, model: object, components: Sequence[object], on: object) -> None:
        """Nothing: who discovers, measures."""


class Handles:
    """Stands for the session when fixtures ask for models: the same handles, before another court.

    Args:
        session: The one that it stands for.
        stage: The court.
    """

    def __init__(self, session: Session, stage: Stage) -> None:
        self._session, self._stage = session, stage

    def model(
        self,
        model: Any,  # noqa: ANN401 - as Session.model
        *,
        revision: str | None = None,
        device: str | None = None,
        dtype: str | None = None,
        memory: str | int | None = None,
    ) -> Model:
        """A handle, also on a folder that is still to be made: nothing of it is read."""
        from circuit_assert.models.model import Model
        from circuit_assert.models.spec import spec_of

        session = self._session
        device, dtype = device or session.device, dtype or session.dtype
        spec = spec_of(
            model, revision=revision, device=device, dtype=dtype, memory=memory, checked=False
        )
        return Model(spec, self._stage)


class HandlesAlike(Handles):
    """Handles that are the same on every machine, whatever has been fetched or made there."""

    def model(self, model: Any, **options: Any) -> Model:  # noqa: ANN401 - likewise
        """A handle on the model as if nothing of it were here."""
        from circuit_assert.models.unfetched import unfetched

        made = super().model(model, **options)
        return replace(made, spec=unfetched(made.spec))
