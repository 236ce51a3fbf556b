"""A folder is a model if it is whole, is no pickle, and brings no code."""

import json
import os

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_tensors

from circuit_assert.errors import ModelError, ModelValidationError, UnknownModelError
from circuit_assert.models.card import Card
from circuit_assert.models.folder import card_of, check_folder, problems, read_config
from circuit_assert.models.weights import check_weights


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    (tmp_path / "tokenizer.json").write_text("{}")
    save_file({"w": np.zeros(8, np.float32)}, tmp_path / "model.safetensors")
    return tmp_path


def test_a_whole_folder_is_returned(folder):
    assert check_folder(str(folder)) == folder


def test_there_must_be_a_folder(folder):
    with pytest.raises(UnknownModelError, match="There is no folder"):
        check_folder(folder / "nowhere")


@pytest.mark.parametrize("part", ["config.json", "tokenizer", "safetensors"])
def test_a_missing_part_is_named(folder, part):
    next(path for path in folder.iterdir() if part in path.name).unlink()
    with pytest.raises(ModelError, match=f"it has no .*{part}"):
        check_folder(folder)


def test_all_missing_parts_are_named_together(tmp_path):
    assert len(problems(tmp_path)) == 3


def test_pickles_are_refused_with_the_reason(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"pickles \(pytorch_model\.bin\).*can run any code"):
        check_folder(folder)


def test_truncated_weights_are_refused(folder):
    os.truncate(folder / "model.safetensors", 90)
    with pytest.raises(ModelError, match=r"model\.safetensors has 90 bytes, not \d+"):
        check_folder(folder)


@pytest.mark.parametrize("data", [b"", b"\1\0\0\0\0\0\0\0[", b"\xff" * 50], ids=len)
def test_what_is_no_safetensors_is_refused(folder, data):
    (folder / "model.safetensors").write_bytes(data)
    with pytest.raises(ModelError, match="has no readable header"):
        check_folder(folder)


def test_a_shard_that_the_index_names_must_be_there(folder):
    shards = [f"model-0000{i}-of-00002.safetensors" for i in (1, 2)]
    (folder / "model.safetensors").rename(folder / shards[0])
    assert problems(folder) == ["model.safetensors.index.json is missing"]
    index = {"weight_map": {"w": shards[0], "v": shards[1]}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert problems(folder) == [f"{shards[1]} is missing"]


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
def test_code_is_refused_unless_trusted(folder, name):
    (folder / name).write_text('{"auto_map": {"AutoModel": "modeling.Model"}}')
    with pytest.raises(ModelError, match=f"auto_map in {name}.*trust_remote_code=True"):
        check_folder(folder)
    assert check_folder(folder, trust_remote_code=True) == folder


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_configuration_is_a_json_object(folder, text):
    (folder / "config.json").write_text(text)
    with pytest.raises(ModelValidationError, match=r"config\.json"):
        read_config(folder)


def test_a_card_of_todays_names():
    config = {
        "num_hidden_layers": 18,
        "num_attention_heads": 4,
        "num_key_value_heads": 1,
        "hidden_size": 640,
        "head_dim": 256,
        "intermediate_size": 2048,
        "vocab_size": 262_144,
        "max_position_embeddings": 32_768,
    }
    expected = Card(18, 4, 1, 640, 256, 2048, 262_144, 32_768)
    assert card_of(config) == expected
    assert card_of({"text_config": config, "vision_config": {"hidden_size": 9}}) == expected


def test_a_card_of_gpt2s_names():
    config = {
        "n_layer": 12,
        "n_head": 12,
        "n_embd": 768,
        "n_inner": None,
        "vocab_size": 50_257,
        "n_positions": 1024,
    }
    assert card_of(config) == Card(12, 12, 12, 768, 64, 3072, 50_257, 1024)


def test_a_configuration_without_sizes_is_refused():
    with pytest.raises(ModelValidationError, match="states no heads: it has none of num_attention"):
        card_of({"num_hidden_layers": 2})


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_weights_that_are_not_numbers_are_refused(folder, bad, dtype):
    tensor = torch.ones(3, 5, dtype=dtype)
    tensor[1, 2] = bad
    save_tensors({"ok": torch.ones(3), "wte": tensor}, folder / "model.safetensors")
    with pytest.raises(ModelValidationError, match="not finite numbers, in wte"):
        check_weights(folder)


def test_integers_large_halves_and_nothing_are_numbers(folder):
    largest = torch.full((9,), 65504.0, dtype=torch.float16)
    tensors = {"i": torch.arange(3), "h": largest, "none": torch.empty(0)}
    save_tensors(tensors, folder / "model.safetensors")
    check_weights(folder)


def test_of_many_bad_weights_three_are_named(folder):
    tensors = {f"w{i}": torch.tensor([float("nan")]) for i in range(5)}
    save_tensors(tensors, folder / "model.safetensors")
    with pytest.raises(ModelValidationError, match="in w0, w1, w2 and 2 more"):
        check_weights(folder)
