"""Is a basis privileged: do features lie along coordinates?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import Body, Criterion, all_of
from circuit_assert.claims.quantities import Measured, Quantity, Score
from circuit_assert.components import Owner, Site
from circuit_assert.errors import ClaimError
from circuit_assert.measurements import Request
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.measurements.kurtosis import ExcessKurtosis
from circuit_assert.prompts.base import Prompts
from circuit_assert.prompts.text import plain_text
from circuit_assert.stats.region import above

_PRIVILEGED = "Elhage, Lasenby & Olah 2023, Privileged Bases in the Transformer Residual Stream"
_VECTORS = ("resid_pre", "resid_mid", "resid_post", "attn_out", "mlp_out", "mlp_post")
_TEXT = plain_text()


class _WithSites(Owner, Protocol):
    """A model that can tell its sites."""

    def site(self, address: str) -> Site:
        """A site of the model."""
        ...


@claim("the basis of {at} is privileged", source=_PRIVILEGED)
def basis_is_privileged(
    model: _WithSites,
    at: str,
    *,
    on: Prompts = _TEXT,
    by: float = 0.5,
    massive: float = 0.01,
) -> Body:
    """Activations are heavier-tailed over coordinates than over those of other bases.

    The kurtosis of each token's activation over its coordinates minus its mean over all bases,
    averaged by prompt, is above `by`: in no particular basis both are alike, near three. (The mean
    is the same for every vector of n coordinates, 3 (n − 1) / (n + 1): nothing is drawn.)
    Norms' scales cancel, and gains come later. The first token and the coordinates that are
    largest in a prompt are left out: a few massive ones would decide it alone. With them, the
    evidence says it too. That it is refuted does not mean that features have no basis: Gaussian
    ones look alike in all.

    Args:
        model: The model.
        at: A site: "L9.resid_post", "L9.mlp_post".
        on: Prompts; ordinary text by default.
        by: Smallest excess that counts. 0.5 is our choice.
        massive: The share of coordinates left out as largest. 0.01 is our choice.

    Raises:
        ComponentError: for a site that the model does not have.
        ClaimError: for a site that is no vector, or a share outside 0 to 1.

    Published:
        No privileged basis: a kurtosis of 3, and almost exactly 3 after a random rotation; trained
        models have more.

    Pitfalls:
        The coordinates left out decide: in Gemma 3 270M the excess is up to +500 with them and +2
        to +42 without.
    """
    site = model.site(at)
    if site.name not in _VECTORS:
        raise ClaimError(
            f"{site} is not one vector for each token. Nearest valid: L{site.layer}.resid_post; "
            f"sites of vectors are {', '.join(_VECTORS)}."
        )
    if not 0 < massive < 1:
        raise ClaimError(f"massive is a share of coordinates between 0 and 1; got {massive:g}.")
    return all_of(
        Criterion(
            "kurtosis",
            Excess(Request(ExcessKurtosis(site, massive), on)),
            above(by),
            "kurtosis over coordinates minus its mean over all bases",
            "kurtosis",
            model,
        )
    )


@dataclass(frozen=True)
class Excess(Quantity):
    """Kurtosis beyond its mean over all bases, without what is massive.

    Args:
        request: `ExcessKurtosis` on some prompts.
    """

    request: Request

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Its request."""
        return (self.request,)

    def measured(self, scores: Scores) -> Measured:
        """The excess, and as a note what it is with all coordinates and the first token."""
        measured = Score(self.request, (0,)).measured(scores)
        _, without_first, everything = np.nanmean(scores[self.request].astype(np.float64), axis=0)
        return measured.with_note(
            f"without the first token and the largest coordinates; with these coordinates "
            f"{without_first:+.2f}, with both {everything:+.2f}"
        )
