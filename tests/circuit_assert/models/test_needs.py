"""What memory a model needs: what was said, or an estimate that loads nothing."""

import json
import subprocess
import sys

import pytest

from circuit_assert import Session
from circuit_assert.errors import ModelError
from circuit_assert.models.needs import bytes_of, memory_needed
from circuit_assert.models.planted_models import induction_model
from circuit_assert.models.spec import ModelSpec, spec_of

GIB = 1 << 30


@pytest.mark.parametrize(
    ("said", "expected"),
    [("12GiB", 12 * GIB), ("1.5 GiB", 3 * GIB // 2), ("800MB", 800_000_000), (GIB, GIB)],
)
def test_what_was_said_is_what_is_needed(said, expected):
    assert bytes_of(said) == expected
    model = Session().model(induction_model(), memory=said)
    assert memory_needed(model.spec) == model.spec.memory == expected


@pytest.mark.parametrize("said", ["much", "12 gigs", "", "-1GiB", "nan", True])
def test_what_is_no_size_is_refused(said):
    with pytest.raises(ModelError, match="memory is a size, as '12GiB'"):
        spec_of("gpt2", memory=said)


def test_a_slip_of_the_unit_is_refused():
    with pytest.raises(ModelError, match="'12' is 12 bytes: '12GiB'"):
        spec_of("gpt2", memory="12")


def test_it_is_no_part_of_which_model_is_meant():
    little, much = (spec_of("gpt2", memory=said) for said in ("1GiB", "2GiB"))
    assert little == much
    assert hash(little) == hash(much)


def test_weights_count_as_loaded_and_once_more_in_float32():
    wide, narrow = (
        memory_needed(ModelSpec("gpt2", "hub", "gpt2", dtype=dtype))
        for dtype in ("float32", "bfloat16")
    )
    assert wide - narrow == 2 * (12 * 12 * 768**2 + 50_257 * 768)
    assert narrow > 6 * 120e6


def test_files_at_hand_count_as_they_are(tmp_path):
    header = {"__metadata__": {"format": "pt"}, "w": _entry([1000, 1000]), "b": _entry([24])}
    written = json.dumps(header).encode()
    (tmp_path / "model.safetensors").write_bytes(len(written).to_bytes(8, "little") + written)
    sizes = {"num_hidden_layers": 1, "num_attention_heads": 1, "hidden_size": 8, "vocab_size": 9}
    (tmp_path / "config.json").write_text(json.dumps(sizes))
    whole, half = (
        memory_needed(ModelSpec("m", "folder", str(tmp_path), dtype=dtype))
        for dtype in ("float32", "bfloat16")
    )
    assert whole - half == 2 * 1_000_024


def _entry(shape):
    return {"dtype": "F32", "shape": shape, "data_offsets": [0, 0]}


def test_nobody_knows_what_an_unknown_model_needs():
    assert memory_needed(spec_of("nobody/unknown")) is None


def test_a_dtype_that_is_none_is_refused():
    with pytest.raises(ModelError, match="dtype is one of float32, bfloat16, float16; got 'int8'"):
        memory_needed(spec_of("gpt2", dtype="int8"))


def test_asking_imports_nothing_heavy():
    asked = (
        "import sys; from circuit_assert.models.needs import memory_needed;"
        "from circuit_assert.models.spec import spec_of; memory_needed(spec_of('gemma-3-270m'));"
        "print([m for m in ('torch', 'scipy', 'transformers') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
