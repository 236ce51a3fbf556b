"""What transformers is asked for, and what is refused of what it gives."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import LlamaConfig, LlamaForCausalLM

from circuit_assert.backends.load import load
from circuit_assert.backends.placement import spread_over, wholly_on
from circuit_assert.backends.transformer_lens import boot
from circuit_assert.components import Site
from circuit_assert.errors import ModelError
from circuit_assert.models.spec import spec_of
from tests.circuit_assert.random_folders import write_words

TOKENS = torch.arange(2, 20).view(2, 9)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("model")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = LlamaConfig(
            vocab_size=101, hidden_size=64, intermediate_size=96, num_hidden_layers=4,
            num_attention_heads=4, max_position_embeddings=64, bos_token_id=100,
            eos_token_id=100, pad_token_id=0,
        )  # fmt: skip
        LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(made)
    write_words(made)
    return made


def test_only_the_devices_that_were_named_are_offered(monkeypatch):
    free = {"cuda:1": (10_000, 99_999), "cuda:3": (20_000, 99_999)}
    monkeypatch.setattr(torch.cuda, "mem_get_info", free.get)
    asked = spread_over(["cuda:1", "cuda:3"])
    assert asked == {"device_map": "balanced", "max_memory": {1: 9_000, 3: 18_000}}


def _as_asked(monkeypatch, **where):
    """Load as if this was what several devices come to here."""
    monkeypatch.setattr("circuit_assert.backends.transformer_lens.spread_over", lambda names: where)


def test_a_model_that_accelerate_placed_gives_the_same_numbers(folder, monkeypatch):
    """By a map, all of it on the CPU: the way that several devices take."""
    whole = load(spec_of(folder))
    _as_asked(monkeypatch, device_map={"": "cpu"})
    monkeypatch.setattr("circuit_assert.backends.load.devices_here", lambda said: ("cpu", "cpu"))
    placed = load(spec_of(folder))
    assert placed.fingerprint == whole.fingerprint
    edits = {Site(1, "z"): [lambda z: z * 2]}
    runs = [each.run(TOKENS, reads={}, edits=edits, last_layer=3) for each in (whole, placed)]
    assert torch.equal(*runs)


def test_what_would_be_on_the_disk_is_refused(folder, tmp_path, monkeypatch):
    """accelerate puts there what has no room: its weights are then read anew for every block."""
    parts = {"model.embed_tokens": "cpu", "model.norm": "cpu", "model.rotary_emb": "cpu"}
    layers = {f"model.layers.{n}": "disk" if n > 1 else "cpu" for n in range(4)}
    _as_asked(
        monkeypatch, device_map={**parts, **layers, "lm_head": "cpu"}, offload_folder=tmp_path
    )
    with pytest.raises(ModelError, match=r"no room for its weights: some .* the disk"):
        boot(folder, dtype=torch.bfloat16, devices=("cpu", "cpu"))


def test_what_is_on_another_device_is_refused():
    class Bridge:
        original_model = torch.nn.Linear(2, 2)

    with pytest.raises(ModelError, match=r"cuda:0, cuda:1 together have no room .* on cpu"):
        wholly_on(Bridge(), ["cuda:0", "cuda:1"])
    assert wholly_on(Bridge(), ["cpu"])


class Wide(TorchDispatchMode):
    """Counts the numbers that are made in float32, the largest tensor and all of them."""

    def __init__(self):
        super().__init__()
        self.largest = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        if isinstance(made, torch.Tensor) and made.dtype == torch.float32:
            self.largest = max(self.largest, made.numel())
        return made


def test_narrow_weights_are_never_wide_while_they_load(folder):
    """A float32 copy would need twice the room of what is loaded."""
    with Wide() as seen:
        boot(folder, dtype=torch.bfloat16, devices=("cpu",))
    assert seen.largest < 64  # positions and scales, no matrix: the smallest has 64 × 64 numbers
    with Wide() as seen:
        boot(folder, dtype=torch.float32, devices=("cpu",))
    assert seen.largest >= 64 * 64
