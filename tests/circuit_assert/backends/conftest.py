import pytest
import torch

from circuit_assert.backends.load import load
from circuit_assert.models.card import Card
from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models import induction_model, lookup_model, neuron_model
from circuit_assert.models.spec import spec_of


def with_norm(norm):
    """A model with random weights and another kind of norm."""
    settings = {
        "n_layers": 2, "d_model": 24, "d_head": 8, "n_heads": 3, "d_mlp": 32, "n_ctx": 32,
        "d_vocab": 40, "act_fn": "gelu", "normalization_type": norm, "gated_mlp": False,
        "attn_only": False,
    }  # fmt: skip

    def weights():
        from transformer_lens.config import TransformerBridgeConfig
        from transformer_lens.model_bridge.sources.native.model import NativeModel

        torch.manual_seed(0)
        made = NativeModel(TransformerBridgeConfig.from_dict(dict(settings))).state_dict()
        for name, tensor in made.items():
            if "ln" in name and name.endswith("weight"):
                tensor += 0.3 * torch.rand_like(tensor)
            if name.endswith(("attn.o.bias", "fc_out.bias")):
                tensor *= 0  # what no head or neuron writes
        return made

    vocabulary = tuple(f" w{n}" for n in range(40))
    return PlantedModel(
        f"random-{norm}", Card(2, 3, 3, 24, 8, 32, 40, 32), settings, weights, vocabulary
    )


MODELS = {
    model.name: model
    for model in (
        with_norm("LN"),
        with_norm("LNPre"),
        with_norm("RMSPre"),
        induction_model(),
        induction_model(grouped_queries=True),
        lookup_model(),
        neuron_model(gated=True),
    )
}


@pytest.fixture(scope="session", params=MODELS)
def backend(request):
    """A loaded model: of every kind of norm, with grouped queries, with gated MLPs."""
    return load(spec_of(MODELS[request.param]))


@pytest.fixture
def tokens(backend):
    """Three rows of nine tokens."""
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randint(1, backend.card.vocabulary, (3, 8), generator=generator)
    return torch.cat([torch.zeros(3, 1, dtype=torch.int64), drawn], dim=1)
