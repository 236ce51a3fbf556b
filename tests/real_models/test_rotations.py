"""Queries, keys and rotations as attention scores of the models have them."""

import pytest
import torch

BACK = (0, 1, 3, 4)


@pytest.mark.parametrize("name", ["gemma-3-270m", "smollm2-135m-instruct"])
@pytest.mark.parametrize("layer", [1, 5])
def test_scores_of_queries_and_keys_at_a_distance_are_the_models(backend_of, name, layer):
    """Gemma's layer 5 turns by other frequencies than layer 1, and normalises queries and keys."""
    backend = backend_of(name)
    bridge, seen = backend._bridge, {}
    tokens = torch.tensor([[*backend.tokenizer.beginning, 100, 2000, 300, 400, 5000]])

    def keep(value, hook):
        seen[hook.name.rsplit(".", 1)[-1]] = value.float()

    hooks = [f"blocks.{layer}.attn.hook_attn_scores", f"blocks.{layer}.hook_resid_pre"]
    with torch.no_grad():
        bridge.run_with_hooks(tokens, fwd_hooks=[(hook, keep) for hook in hooks])
    scores = next(value for value in seen.values() if value.ndim == 4)
    entering = next(value for value in seen.values() if value.ndim == 3)[0]
    last = tokens.shape[1] - 1
    keys = backend.queries_or_keys(layer, "k", entering)
    made = torch.stack(
        [
            (backend.queries_or_keys(layer, "q", entering[last:], back)[0] * keys[last - back]).sum(
                -1
            )
            for back in BACK
        ]
    )
    theirs = torch.stack([scores[0, :, last, last - back] for back in BACK])
    scale = backend.card.d_head**-0.5
    torch.testing.assert_close(scale * made, theirs, rtol=1e-3, atol=1e-3)
