"""A search for a counterexample as a test."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from circuit_assert.claims.criteria import Criterion
from circuit_assert.counterexamples.search import find_counterexample
from circuit_assert.errors import ClaimError

if TYPE_CHECKING:
    from hypothesis.database import ExampleDatabase

_PROMPTS = "on"


def falsify(
    strategy: Any,  # noqa: ANN401 - a strategy, or what makes one from fixtures
    *,
    examples: int = 200,
    batch: int = 64,
    seed: int | None = None,
    database: ExampleDatabase | None = None,
) -> Callable[[Callable[..., Criterion]], Callable[..., None]]:
    """Make a test of a claim on one prompt: it fails with the smallest prompt that breaks it.

    The function takes fixtures as a test does, and the prompts as `on`; it returns the criterion
    that every single prompt should meet. A test that passes is no evidence for the claim.

    Args:
        strategy: What to draw; or a function of fixtures that the test takes too, by their names,
            which returns it: `lambda gemma: repeated_sequences(gemma)`.
        examples: How many prompts to draw at most.
        batch: How many of them are measured at once.
        seed: Repeats an earlier search; see `find_counterexample`.
        database: Where failing prompts are kept and looked for first; that of hypothesis' profile
            by default.

    Raises:
        ClaimError: when the function takes no `on`, or lacks a fixture that the strategy is
            made from.

    Example:
        >>> @falsify(ioi_prompts())
        ... def test_attends_to_the_indirect_object(gemma, on):
        ...     head = gemma["L11H3"]
        ...     return contrast(attention_to(head, "IO"), versus=0.0, on=on, by=0.1)
    """

    def decorate(function: Callable[..., Criterion]) -> Callable[..., None]:
        signature = inspect.signature(function)
        _check_takes(function, {_PROMPTS})
        if callable(strategy):
            _check_takes(function, set(inspect.signature(strategy).parameters))

        @functools.wraps(function)
        def test(*arguments: Any, **fixtures: Any) -> None:  # noqa: ANN401 - whatever the test takes
            __tracebackhide__ = True
            found = find_counterexample(
                lambda on: function(*arguments, on=on, **fixtures),
                _made(strategy, fixtures),
                examples=examples,
                batch=batch,
                seed=seed,
                database=database,
                name=f"{function.__module__}.{function.__qualname__}",
            )
            if found is not None:
                raise AssertionError(str(found))

        others = [p for p in signature.parameters.values() if p.name != _PROMPTS]
        shown = signature.replace(parameters=others, return_annotation=None)
        test.__signature__ = shown  # pyright: ignore[reportAttributeAccessIssue] - pytest asks it
        return test

    return decorate


def _made(strategy: Any, fixtures: Mapping[str, Any]) -> Any:  # noqa: ANN401
    if not callable(strategy):
        return strategy
    return strategy(**{name: fixtures[name] for name in inspect.signature(strategy).parameters})


def _check_takes(function: Callable[..., Any], names: set[str]) -> None:
    missing = sorted(names - set(inspect.signature(function).parameters))
    if missing:
        raise ClaimError(
            f"{function.__name__} has to take {', '.join(missing)}: a falsified claim takes the "
            f"prompts as `on`, and every fixture that its strategy is made from."
        )
