"""How positive eigenvalues are: of square matrices, and of matrices that are turned at random."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice

import numpy as np
import numpy.typing as npt

from circuit_assert.measurements.low_rank import rotation

Matrix = npt.NDArray[np.floating]
_AT_ONCE = 16  # matrices that are in memory together


def positivity(product: Matrix) -> float:
    """Re(Σλ) / Σ|λ| of a square matrix; NaN where all eigenvalues are zero.

    Source: Elhage et al. 2021, A Mathematical Framework for Transformer Circuits.
    """
    eigenvalues = np.linalg.eigvals(product)
    total = float(np.abs(eigenvalues).sum())
    return float(eigenvalues.real.sum()) / total if total > 0 else float("nan")


def turned_positivity(product: Matrix, rng: np.random.Generator) -> float:
    """That of a matrix, square or not, times a random rotation.

    Args:
        product: `[n, m]`.
        rng: Draws the rotation.
    """
    rows, columns = product.shape
    return positivity(product @ rotation(max(rows, columns), rng)[:columns, :rows])


def turned_positivities(products: Iterable[Matrix], rng: np.random.Generator) -> list[float]:
    """Those of several, each times a rotation of its own.

    Args:
        products: Each `[n, m]`; made as they are needed.
        rng: Each gets a child of it, whatever order they are worked out in.
    """
    found: list[float] = []
    several = iter(products)
    with _side_by_side() as pool:
        while some := list(islice(several, _AT_ONCE)):
            found += pool.map(turned_positivity, some, rng.spawn(len(some)))
    return found


def positivity_of_groups(products: Matrix) -> Callable[[npt.NDArray[np.bool_]], float]:
    """The positivity of the sum over any subset of groups; of all, and of all but one, at once.

    Args:
        products: A square matrix for each group, `[group, n, n]`.
    """
    count = len(products)
    subsets = np.vstack([np.ones((1, count), np.bool_), ~np.eye(count, dtype=np.bool_)])
    with _side_by_side() as pool:
        found = pool.map(lambda chosen: positivity(products[chosen].sum(0)), subsets)
        known = {chosen.tobytes(): each for chosen, each in zip(subsets, found, strict=True)}

    def statistic(chosen: npt.NDArray[np.bool_]) -> float:
        key = chosen.tobytes()
        if key not in known:
            known[key] = positivity(products[chosen].sum(0))
        return known[key]

    return statistic


@contextmanager
def _side_by_side() -> Generator[ThreadPoolExecutor]:
    """As many threads as torch uses; LAPACK gains nothing from several for matrices of a head."""
    import torch
    from threadpoolctl import threadpool_limits

    with (
        threadpool_limits(1, user_api="blas"),
        ThreadPoolExecutor(torch.get_num_threads()) as pool,
    ):
        yield pool
