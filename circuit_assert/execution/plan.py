"""From requests to the fewest runs; pure, no model in sight."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from circuit_assert.components import Component, Direction, Site
from circuit_assert.interventions import (
    Ablation,
    Intervention,
    Patch,
    PreservingAblation,
    Resampling,
    Steer,
    first_layer,
)
from circuit_assert.measurements.activations import Kept, Residual
from circuit_assert.measurements.base import Measurement, Request
from circuit_assert.path_patches import PathPatch
from circuit_assert.prompts.base import Prompts, Side


@dataclass(frozen=True)
class Pass:
    """One observational pass: every measurement of one side of one prompt set."""

    on: Prompts
    side: Side
    measurements: tuple[Measurement, ...]


@dataclass(frozen=True)
class Sweep:
    """Several interventions on one side of one prompt set, each with its measurements."""

    on: Prompts
    side: Side
    items: tuple[tuple[Intervention, tuple[Measurement, ...]], ...]

    @property
    def first_layer(self) -> int:
        """The first layer that any of them touches."""
        return min(first_layer(intervention) for intervention, _ in self.items)


@dataclass(frozen=True)
class Plan:
    """Passes first, then sweeps, which use what the passes kept."""

    passes: tuple[Pass, ...]
    sweeps: tuple[Sweep, ...]


def plan(requests: Iterable[Request], *, can_resume: bool, has_post_norms: bool = False) -> Plan:
    """Merge requests: one pass for all that only observes a set, one sweep for all that edits it.

    Args:
        requests: What is wanted; repeated ones count once.
        can_resume: Whether a run may start at a later block, from a kept residual stream.
        has_post_norms: Whether heads' outputs pass a norm on their way to the residual stream.
    """
    wanted = list(dict.fromkeys(requests))
    observed = [request for request in wanted if request.under is None]
    edited = [request for request in wanted if request.under is not None]
    for request in edited:
        observed.extend(
            prerequisites(request, can_resume=can_resume, has_post_norms=has_post_norms)
        )
    return Plan(tuple(_passes(observed)), tuple(_sweeps(edited)))


def prerequisites(
    request: Request, *, can_resume: bool, has_post_norms: bool = False
) -> list[Request]:
    """What must be kept from clean runs before an intervention can be made."""
    under = request.under
    if under is None:
        return []
    needed: list[Request] = []
    start = first_layer(under)
    if can_resume and start > 0:
        entering = Kept(Site(start - 1, "resid_post"))
        needed.append(Request(entering, request.on, request.side))
    match under:
        case Ablation():
            for component in under.components:
                needed.extend(_vector_needs(component))
                if under.how != "zero":
                    source = under.reference or request.on
                    side = under.reference_side if under.reference else request.side
                    needed.append(Request(Kept.of(component), source, side))
            needed.extend(
                Request(Kept(site), request.on, request.side)
                for site in under.sites
                if site.name == "attn_post_scale"
            )
        case Resampling():
            needed.extend(
                Request(Kept.of(c), request.on, request.side) for c, _ in under.components
            )
        case PreservingAblation():
            needed.extend(
                Request(Kept(site), request.on, request.side)
                for site in under.reads(has_post_norms=has_post_norms)
            )
        case Patch():
            needed.extend(Request(Kept.of(c), request.on, under.source) for c in under.components)
        case PathPatch():
            sites = {*under.kept_of_source, *(under.scales if has_post_norms else ())}
            needed.extend(Request(Kept(site), request.on, under.source) for site in sorted(sites))
        case Steer():
            needed.extend(_vector_needs(under.direction))
        case _:
            pass
    return needed


def _vector_needs(component: Component) -> list[Request]:
    if not isinstance(component, Direction):
        return []
    sets = (component.toward, component.away)
    return [Request(Residual(component.site), s) for s in sets if isinstance(s, Prompts)]


def _passes(requests: list[Request]) -> list[Pass]:
    merged: dict[tuple[Prompts, Side], dict[Measurement, None]] = {}
    for request in requests:
        merged.setdefault((request.on, request.side), {})[request.measurement] = None
    return [Pass(on, side, tuple(found)) for (on, side), found in merged.items()]


def _sweeps(requests: list[Request]) -> list[Sweep]:
    merged: dict[tuple[Prompts, Side], dict[Intervention, dict[Measurement, None]]] = {}
    for request in requests:
        assert request.under is not None  # noqa: S101 - for the type checker
        items = merged.setdefault((request.on, request.side), {})
        items.setdefault(request.under, {})[request.measurement] = None
    return [
        Sweep(on, side, tuple((i, tuple(m)) for i, m in sorted(items.items(), key=_by_layer)))
        for (on, side), items in merged.items()
    ]


def _by_layer(item: tuple[Intervention, object]) -> int:
    return -first_layer(item[0])
