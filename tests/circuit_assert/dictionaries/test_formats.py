"""Every format is written by hand, read, and computes what plain torch says it should."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from circuit_assert import Session
from circuit_assert.dictionaries import read_dictionary
from circuit_assert.dictionaries.tensors import tensors_of
from circuit_assert.errors import ComponentError
from circuit_assert.models.planted_models import feature_model

WIDTH, LATENTS, K = 12, 40, 5
GIVEN = torch.randn(7, WIDTH, generator=torch.Generator().manual_seed(1)) * 3
MODEL = feature_model()


def weights(kind, d_out=WIDTH):
    drawn = torch.Generator().manual_seed(0)
    made = {
        "W_enc": torch.randn(WIDTH, LATENTS, generator=drawn),
        "W_dec": torch.randn(LATENTS, d_out, generator=drawn),
        "b_dec": torch.randn(d_out, generator=drawn),
    }
    more = ("b_gate", "r_mag", "b_mag") if kind == "gated" else ("b_enc",)
    made |= {name: torch.randn(LATENTS, generator=drawn) for name in more}
    if kind in ("jumprelu", "batchtopk", "jumprelu_transcoder"):
        made["threshold"] = torch.rand(LATENTS, generator=drawn) * 4
    return made


def expected(kind, w, *, subtracts=False, by_norm=False):
    """The definitions, written out token by token."""
    rows = []
    for x in GIVEN:
        pre = w["W_enc"].T @ (x - w["b_dec"] if subtracts else x)
        if kind == "gated":
            codes = torch.relu(torch.exp(w["r_mag"]) * pre + w["b_mag"])
            rows.append(torch.where(pre + w["b_gate"] > 0, codes, torch.zeros(LATENTS)))
            continue
        pre = pre + w["b_enc"]
        if "threshold" in w:
            rows.append(torch.where(pre > w["threshold"], pre.clamp(min=0), torch.zeros(LATENTS)))
        elif kind == "topk":
            scaled = pre * w["W_dec"].norm(dim=1) if by_norm else pre
            kept = torch.zeros(LATENTS)
            for n in sorted(range(LATENTS), key=lambda n: -float(scaled[n]))[:K]:
                kept[n] = max(float(scaled[n]), 0.0)
            rows.append(kept)
        else:
            rows.append(pre.clamp(min=0))
    codes = torch.stack(rows)
    back = codes / w["W_dec"].norm(dim=1) if by_norm else codes
    return codes, torch.stack(
        [sum(c * d for c, d in zip(r, w["W_dec"], strict=True)) for r in back]
    ) + w["b_dec"]


def check(encoder, codes, decoded):
    torch.testing.assert_close(encoder.encode(GIVEN), codes, atol=1e-5, rtol=1e-6)
    torch.testing.assert_close(encoder.decode(codes), decoded, atol=1e-4, rtol=1e-6)
    assert (codes > 0).any()
    assert (codes == 0).any()


def sae_lens(folder, kind, w, **said):
    save_file({name: t.contiguous() for name, t in w.items()}, folder / "sae_weights.safetensors")
    config = {"architecture": kind, "d_in": WIDTH, "d_sae": LATENTS, **said}
    (folder / "cfg.json").write_text(json.dumps(config))
    return folder


HOOK = {"metadata": {"hook_name": "blocks.1.hook_resid_post"}}


@pytest.mark.parametrize("kind", ["standard", "gated", "jumprelu", "batchtopk"])
@pytest.mark.parametrize("subtracts", [False, True])
def test_sae_lens_folders(tmp_path, kind, subtracts):
    w = weights(kind)
    read = read_dictionary(sae_lens(tmp_path, kind, w, apply_b_dec_to_input=subtracts, **HOOK))
    assert str(read.reads) == str(read.writes) == "L1.resid_post"
    check(read.encoder, *expected(kind, w, subtracts=subtracts))


@pytest.mark.parametrize("by_norm", [False, True])
def test_sae_lens_top_k(tmp_path, by_norm):
    w = weights("topk")
    said = {"k": K, "rescale_acts_by_decoder_norm": by_norm, **HOOK}
    encoder = read_dictionary(sae_lens(tmp_path, "topk", w, **said)).encoder
    codes, decoded = expected("topk", w, by_norm=by_norm)
    check(encoder, codes, decoded)
    one = torch.zeros(1, LATENTS)
    one[0, 3] = 2.0
    wrote = encoder.decode(one)[0] - encoder.decode(torch.zeros(1, LATENTS))[0]
    torch.testing.assert_close(wrote, 2.0 * encoder.direction(3), atol=1e-5, rtol=1e-5)


def test_older_sae_lens_folders_name_the_activation_function(tmp_path):
    w = weights("topk")
    said = {"activation_fn_str": "topk", "activation_fn_kwargs": {"k": K}}
    folder = sae_lens(tmp_path, "standard", w, hook_name="blocks.0.hook_mlp_out", **said)
    read = read_dictionary(folder)
    assert str(read.reads) == "L0.mlp_out"
    check(read.encoder, *expected("topk", w))


def test_transcoders_write_elsewhere(tmp_path):
    w = weights("jumprelu_transcoder", d_out=9)
    said = {"hook_name": "blocks.1.hook_mlp_in", "hook_name_out": "blocks.1.hook_mlp_out"}
    read = read_dictionary(
        sae_lens(tmp_path, "jumprelu_transcoder", w, apply_b_dec_to_input=True, **said)
    )
    assert (str(read.reads), str(read.writes)) == ("L1.mlp_read", "L1.mlp_out")
    check(read.encoder, *expected("jumprelu", w))


def test_gemma_scope_archives(tmp_path):
    w = weights("jumprelu")
    file = tmp_path / "params.npz"
    np.savez(file, **{name: tensor.numpy() for name, tensor in w.items()})
    read = read_dictionary(file)
    assert read.name == tmp_path.name
    check(read.encoder, *expected("jumprelu", w))


@pytest.mark.parametrize("kind", ["standard", "gated", "jumprelu"])
def test_plain_safetensors(tmp_path, kind):
    w = weights(kind)
    save_file(w, tmp_path / "mine.safetensors")
    read = read_dictionary(tmp_path / "mine.safetensors")
    assert read.name == "mine"
    check(read.encoder, *expected(kind, w))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_narrow_and_wide_numbers_are_read_exactly(tmp_path, dtype):
    w = {name: tensor.to(dtype) for name, tensor in weights("standard").items()}
    save_file(w, tmp_path / "mine.safetensors")
    for name, found in tensors_of(tmp_path / "mine.safetensors").items():
        assert np.array_equal(found, w[name].float().numpy())


class Theirs:
    """Another library's."""

    def __init__(self, w):
        self.W_enc, self.W_dec, self.w = w["W_enc"], w["W_dec"], w

    def encode(self, x):
        return torch.relu(x @ self.w["W_enc"] + self.w["b_enc"])

    def decode(self, codes):
        return codes @ self.w["W_dec"] + self.w["b_dec"]


def test_any_object_that_encodes_and_decodes(tmp_path):
    wide = {name: torch.randn(s) for name, s in _shapes(MODEL.card.d_model).items()}
    handle = Session().model(MODEL).with_dictionary(Theirs(wide), at="L0.resid_post")
    (dictionary,) = handle.dictionaries
    x = torch.randn(3, MODEL.card.d_model)
    assert torch.equal(dictionary.encode(x), Theirs(wide).encode(x))
    torch.testing.assert_close(dictionary.direction(2), wide["W_dec"][2], atol=1e-5, rtol=1e-5)
    changed = {**wide, "b_enc": wide["b_enc"] + 0.01}
    other = Session().model(MODEL).with_dictionary(Theirs(changed), at="L0.resid_post")
    assert other.dictionaries[0].fingerprint != dictionary.fingerprint
    with pytest.raises(ComponentError, match="W_dec"):
        handle.with_dictionary(
            type("No", (), {"encode": print, "decode": print})(), at="L1.mlp_out"
        )


def _shapes(width):
    return {"W_enc": (width, 8), "b_enc": (8,), "W_dec": (8, width), "b_dec": (width,)}


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ({"normalize_activations": "layer_norm"}, "normalize_activations"),
        ({"normalize_activations": "expected_average_only_in"}, "Fold it"),
        ({"reshape_activations": "hook_z"}, "reshape"),
        ({"activation_fn_str": "tanh-relu"}, "tanh-relu"),
        ({"architecture": "temporal"}, "architecture"),
        ({"hook_head_index": 3}, "single head"),
        ({"hook_name": "blocks.1.attn.hook_z"}, "hook_resid_post"),
        ({"architecture": "topk"}, "what k is"),
        ({"architecture": "jumprelu"}, "threshold"),
        ({"architecture": "batchtopk"}, "others of its batch"),
        ({"architecture": "gated"}, "b_gate"),
    ],
)
def test_what_is_not_supported_is_refused_with_the_reason(tmp_path, said, wanted):
    folder = sae_lens(tmp_path, "standard", weights("standard"), **{**HOOK, **said})
    with pytest.raises(ComponentError, match=wanted):
        read_dictionary(folder)


def test_shapes_are_checked_before_a_model_loads(tmp_path):
    w = weights("standard")
    save_file({**w, "W_dec": w["W_dec"].T.contiguous()}, tmp_path / "turned.safetensors")
    with pytest.raises(ComponentError, match="transposed"):
        read_dictionary(tmp_path / "turned.safetensors")
    save_file(w, tmp_path / "small.safetensors")
    with pytest.raises(ComponentError, match="made for another model"):
        Session().model(MODEL).with_dictionary(tmp_path / "small.safetensors", at="L0.resid_post")
    with pytest.raises(ComponentError, match="give at="):
        Session().model(MODEL).with_dictionary(tmp_path / "small.safetensors")
    folder = sae_lens(tmp_path, "standard", w, **HOOK)
    with pytest.raises(ComponentError, match=r"was made for L1\.resid_post"):
        Session().model(MODEL).with_dictionary(folder, at="L0.resid_post")
    with pytest.raises(ComponentError, match=r"L0\.resid_post"):
        Session().model(MODEL).with_dictionary(tmp_path / "small.safetensors", at="L0.pattern")


def test_a_dictionary_that_somebody_holds_is_in_memory_once(tmp_path):
    made = weights("standard", MODEL.card.d_model) | {
        "W_enc": torch.randn(MODEL.card.d_model, LATENTS)
    }
    made["b_dec"] = torch.zeros(MODEL.card.d_model)
    file = tmp_path / "small.safetensors"
    save_file(made, file)

    def attached():
        model = Session().model(MODEL).with_dictionary(file, at="L0.resid_post")
        return model.dictionaries[0].encoder

    first = attached()
    assert attached() is first
    save_file({**made, "b_enc": torch.ones(LATENTS)}, file)
    changed = attached()
    assert changed is not first
    assert (changed.b_enc == 1).all()


def test_files_are_never_unpickled(tmp_path):
    np.save(tmp_path / "objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ComponentError, match="plain numbers"):
        tensors_of(tmp_path / "objects.npy")
    (tmp_path / "weights.pt").write_bytes(b"")
    with pytest.raises(ComponentError, match="could run code"):
        tensors_of(tmp_path / "weights.pt")


def test_vectors_come_from_files(tmp_path):
    model, width = Session().model(MODEL), MODEL.card.d_model
    np.save(tmp_path / "steer.npy", np.arange(width, dtype=np.float32))
    save_file({"a": torch.ones(width), "b": torch.ones(3)}, tmp_path / "two.safetensors")
    (one,) = model.vector(tmp_path / "steer.npy", at="L1.resid_pre").components
    assert str(one) == "steer at L1.resid_pre"
    assert one.numbers == tuple(range(width))
    (two,) = model.vector(tmp_path / "two.safetensors", at="L1.resid_pre", key="a").components
    assert two.identity != one.identity
    with pytest.raises(ComponentError, match="it has a, b"):
        model.vector(tmp_path / "two.safetensors", at="L1.resid_pre")
    with pytest.raises(ComponentError, match=r"\(3,\)"):
        model.vector(tmp_path / "two.safetensors", at="L1.resid_pre", key="b")
    with pytest.raises(ComponentError, match="residual stream"):
        model.vector(tmp_path / "steer.npy", at="L1.mlp_out")
