"""How a model turns queries and keys by their positions, read off by turning a basis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from circuit_assert.errors import HookError


@torch.no_grad()
def turned_by(
    bridge: Any,  # noqa: ANN401 - a TransformerBridge
    layer: int,
    distances: Sequence[int],
    d_head: int,
) -> torch.Tensor:
    """What stands between a query and a key so many places before it: `[distance, d_head, d_head]`.

    Queries and keys of a run are replaced by unit vectors before the model turns them, and are read
    after: so partial rotations, scaled frequencies and layers that turn otherwise are the model's.

    Args:
        bridge: The model.
        layer: The layer.
        distances: From the query back to the key, 0 for its own place.
        d_head: Width of a head.

    Raises:
        HookError: when queries or keys cannot be read there, or more is done to them.
    """
    places = [0, *distances]
    length = max(places) + 1
    device = next(bridge.original_model.parameters()).device
    unit = torch.eye(d_head, device=device)
    found: dict[str, torch.Tensor] = {}

    def put(value: torch.Tensor, hook: Any) -> torch.Tensor:  # noqa: ANN401
        # a row for each unit vector; positions and heads are the two in the middle
        return unit.to(value)[:, None, None].expand_as(value).clone()

    def keeper(name: str) -> Any:  # noqa: ANN401
        def keep(value: torch.Tensor, hook: Any) -> None:  # noqa: ANN401
            found[name] = value[:, places, 0].float()

        return keep

    attention = f"blocks.{layer}.attn"
    normed = "_normed" if f"{attention}.hook_q_normed" in bridge.hook_dict else ""
    hooks: list[tuple[str, Any]] = []
    for name in ("q", "k"):
        before, after = f"{attention}.hook_{name}{normed}", f"{attention}.hook_rot_{name}"
        if before not in bridge.hook_dict or after not in bridge.hook_dict:
            raise HookError(f"the bridge has no {before} or no {after}: nothing tells rotations.")
        hooks += [(before, put), (after, keeper(name))]
    tokens = torch.zeros(d_head, length, dtype=torch.int64, device=device)
    bridge.run_with_hooks(tokens, fwd_hooks=hooks, return_type=None, stop_at_layer=layer + 1)
    at_zero = found["k"][:, 0]
    gram = at_zero @ at_zero.T
    if not torch.allclose(gram, gram[0, 0] * unit.float(), atol=1e-3 * float(gram.abs().max())):
        raise HookError(f"L{layer} does not only turn queries and keys: nothing tells its scores.")
    return torch.stack([found["q"][:, 1 + n] @ at_zero.T for n in range(len(distances))])
