"""What the catalogue lists: every function that makes a claim."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any, TypeAlias, TypeGuard

from circuit_assert.claims.claim import Claim, ClaimType

Kind: TypeAlias = ClaimType[Any] | Callable[..., Claim]


def is_kind(value: object) -> TypeGuard[Kind]:
    """Whether something is a claim type, or a function that makes a claim of another one."""
    if isinstance(value, ClaimType):
        return True
    if not isinstance(value, FunctionType) or value.__name__.startswith("_"):
        return False
    return value.__annotations__.get("return") in (Claim, Claim.__name__)


def name_of(kind: Kind) -> str:
    """What it is called."""
    return kind.name if isinstance(kind, ClaimType) else kind.__name__
