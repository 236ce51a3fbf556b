"""Scores that need no run: those of a kind that can share work are worked out together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from circuit_assert.measurements.base import (
    Array,
    SharedWeightMeasurement,
    WeightRequest,
    Weights,
)


def worked_out(
    weights: Weights, requests: Iterable[WeightRequest]
) -> Iterator[tuple[WeightRequest, Array]]:
    """Each request once with its scores, as soon as they are known.

    Args:
        weights: The model.
        requests: What to work out.
    """
    shared: dict[type[SharedWeightMeasurement], list[SharedWeightMeasurement]] = {}
    for request in dict.fromkeys(requests):
        measurement = request.measurement
        if isinstance(measurement, SharedWeightMeasurement):
            shared.setdefault(type(measurement), []).append(measurement)
        else:
            yield request, measurement.compute(weights)
    for kind, several in shared.items():
        found = kind.compute_all(weights, several)
        yield from zip(map(WeightRequest, several), found, strict=True)
