"""Models that are known by their files: a verdict that was reached before needs no weights."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

from circuit_assert import head_is_induction, head_is_previous_token
from circuit_assert.backends import load
from circuit_assert.backends.tokenizer import HuggingFaceTokenizer, LoadedTokenizers
from circuit_assert.errors import ModelError
from circuit_assert.execution import known, seen
from circuit_assert.session import Session


def tokenizer(words):
    whole = Tokenizer(models.WordLevel(words, unk_token="w0"))
    whole.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=whole, bos_token="<end>", eos_token="<end>")


WORDS = {f"w{number}": number for number in range(100)} | {"<end>": 100}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A small model with random weights, and the scores and verdict of a first run."""
    where = tmp_path_factory.mktemp("seen")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = GPT2Config(vocab_size=101, n_positions=64, n_embd=16, n_layer=2, n_head=2)
        GPT2LMHeadModel(config).save_pretrained(where / "model")
    tokenizer(WORDS).save_pretrained(where / "model")
    judged(where)
    return where


@pytest.fixture
def place(made, tmp_path, monkeypatch):
    """A copy of both whose files have the times of the first."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture
def loads(monkeypatch):
    """How often weights are loaded."""
    counted = []
    whole = load.load

    def counting(spec):
        counted.append(spec.name)
        return whole(spec)

    monkeypatch.setattr(load, "load", counting)
    return counted


def judged(where, make=head_is_induction, **settings):
    session = Session(cache=where / "scores", **settings)
    try:
        return make(session.model(where / "model")["L1H0"]).check()
    finally:
        session.close()


def test_a_verdict_that_was_reached_before_loads_no_weights(place, loads):
    first = judged(place)
    assert not loads
    assert first.runs == 0
    assert len(first.fingerprint) == 16
    shutil.rmtree(place / "scores")
    again = judged(place)
    assert loads == ["model"]
    assert again.findings == first.findings
    assert again.fingerprint == first.fingerprint


@pytest.mark.parametrize("special", [{}, {"bos_token": "<end>"}, {"eos_token": "<end>"}])
def test_nor_does_one_whose_tokenizer_lacks_special_tokens(place, loads, special):
    """Whoever loads the model gives it those."""
    whole = Tokenizer(models.WordLevel(WORDS, unk_token="w0"))
    whole.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(tokenizer_object=whole, **special).save_pretrained(place / "model")
    judged(place)
    assert loads.pop() == "model"
    judged(place)
    assert not loads


def test_a_claim_that_is_new_loads_them(place, loads):
    judged(place, head_is_previous_token)
    assert loads == ["model"]


def test_so_does_another_setting(place, loads):
    judged(place, dtype="bfloat16")
    assert loads == ["model"]


def test_so_does_changed_code(place, loads, monkeypatch):
    monkeypatch.setattr(seen, "engine", lambda: "other code")
    judged(place)
    assert loads == ["model"]


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
def test_so_does_a_file_that_was_written_since(place, loads, name):
    path = place / "model" / name
    path.write_bytes(path.read_bytes())
    judged(place)
    assert loads == ["model"]


def test_so_does_a_tokenizer_that_cuts_otherwise_than_when_it_was_loaded(place, loads, monkeypatch):
    """Another version of the library may make another of the same files."""
    other = tokenizer({f"w{99 - number}": number for number in range(100)} | {"<end>": 100})
    found = HuggingFaceTokenizer(other, name="words", context_length=8)
    monkeypatch.setattr(seen, "tokenizer_at_hand", lambda spec: found)
    judged(place)
    assert loads == ["model"]


def test_so_does_a_missing_file(place, loads):
    """It is for the loading to say what is wrong."""
    (place / "model" / "tokenizer.json").unlink()
    with pytest.raises(Exception, match="tokenizer"):
        judged(place)


def test_a_folder_that_is_gone_is_the_error_of_who_loads_it(place):
    """Measuring ahead tells nobody, and goes on with other models' claims."""
    session = Session(cache=place / "scores")
    spec = session.model(place / "model").spec
    claim = head_is_induction(session.model(place / "model")["L1H0"])
    shutil.rmtree(place / "model")
    assert seen.seen_before(spec, place / "scores") is None
    session.prefetch([claim])
    with pytest.raises(ModelError, match="model"):
        session.evaluate([claim])


def test_a_device_that_is_not_here_is_refused_as_ever(place):
    with pytest.raises(Exception, match="CUDA"):
        judged(place, device="cuda")
    with pytest.raises(Exception, match="no device"):
        judged(place, device="gpu0")


def test_what_is_known_already_is_not_written_again(place, monkeypatch):
    """Hashing a large tokenizer takes seconds."""
    written = []
    monkeypatch.setattr(known, "remember", lambda *given: written.append(given))
    judged(place, head_is_previous_token)  # recognised, and loaded for the new claim
    assert not written
    shutil.rmtree(place / "scores")
    judged(place)
    assert len(written) == 1


def test_weights_that_are_others_than_their_files_said_are_remembered_anew(place, monkeypatch):
    written = []
    monkeypatch.setattr(known, "remember", lambda *given: written.append(given[1]))
    before = known.seen_before
    monkeypatch.setattr(
        known, "seen_before", lambda *given: replace(before(*given), fingerprint="another")
    )
    evidence = judged(place, head_is_previous_token)
    assert written == [evidence.fingerprint]
    assert evidence.fingerprint != "another"


def test_what_is_kept_is_plain(made):
    """A text of weights' and tokenizer's hashes: nothing that could run."""
    session = Session(cache=made / "scores")
    spec = session.model(made / "model").spec
    kept = seen.ScoreCache(made / "scores").get(seen._key_of(spec))
    assert set(json.loads(kept)) == {"fingerprint", "tokenizer"}


def test_what_a_tokenizer_puts_around_texts_is_no_part_of_how_it_cuts_them():
    """transformer-lens adds a beginning token to some; texts are cut without special tokens."""
    plain, around, lower = tokenizer(WORDS), tokenizer(WORDS), tokenizer(WORDS)
    around.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<end> $A", special_tokens=[("<end>", 100)]
    )
    lower.backend_tokenizer.normalizer = normalizers.Lowercase()
    one, same, other = (
        HuggingFaceTokenizer(each, name="words", context_length=8)
        for each in (plain, around, lower)
    )
    assert one.fingerprint == same.fingerprint
    assert one.fingerprint != other.fingerprint


@pytest.fixture
def tokenizers_made(monkeypatch):
    """How often a tokenizer is made of files."""
    made_of = []
    whole = AutoTokenizer.from_pretrained

    def counting(folder, **options):
        made_of.append(Path(folder).name)
        return whole(folder, **options)

    monkeypatch.setattr(AutoTokenizer, "from_pretrained", counting)
    return made_of


def test_a_model_that_is_loaded_again_has_the_tokenizer_that_it_had(place, tokenizers_made):
    spec = Session().model(place / "model").spec
    first = load.load(spec).tokenizer
    del tokenizers_made[:]
    assert load.load(spec).tokenizer is first
    assert seen.tokenizer_at_hand(spec) is first
    assert not tokenizers_made


def test_a_tokenizer_that_was_written_since_is_made_anew(place, tokenizers_made):
    spec = Session().model(place / "model").spec
    first = load.load(spec).tokenizer
    del tokenizers_made[:]
    tokenizer(
        {f"w{99 - number}": number for number in range(100)} | {"<end>": 100}
    ).save_pretrained(place / "model")
    assert load.load(spec).tokenizer.fingerprint != first.fingerprint
    assert tokenizers_made


def test_only_the_last_tokenizers_are_kept(place):
    few = LoadedTokenizers(size=1)
    specs = [Session().model(place / "model").spec]
    shutil.copytree(place / "model", place / "another")
    specs.append(Session().model(place / "another").spec)
    for spec in specs:
        few.put(
            spec, spec.folder(), HuggingFaceTokenizer(tokenizer(WORDS), name="", context_length=8)
        )
    assert few.get(specs[0], specs[0].folder()) is None
    assert few.get(specs[1], specs[1].folder()) is not None
