"""The suites about hub models run: on models of the same shape, with random weights, in the cache.

Nothing is true of these, so that nothing may be supported; what is looked at is that addresses,
prompts and arguments are right.
"""

import os
import re
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    PreTrainedTokenizerFast,
)

from circuit_assert import ioi, ledger, plain_text, unrelated
from circuit_assert.models.folder import card_of
from circuit_assert.models.hub_cards import HUB_CARDS
from circuit_assert.prompts.data import read
from circuit_assert.prompts.ordinals import ordinal_words

ROOT = Path(__file__).parents[2]
SUITES = ("hypotheses/gpt2_small", "hypotheses/pythia")
COMMIT = "c" * 40
CUT = pre_tokenizers.ByteLevel(add_prefix_space=False)


def vocabulary():
    """All pieces of the prompts, cut as GPT-2 cuts text, and the words that have successors."""
    texts = [p.text for made in (ioi(), plain_text(), unrelated()) for p in made.prompts]
    texts += [p.corrupt for p in ioi(corruption="abc").prompts]
    words = [word for name in read("ordinals") for word in ordinal_words(name)]
    texts += [f" {word}" for word in words] + words
    pieces = {piece for text in texts for piece, _ in CUT.pre_tokenize_str(text)}
    return {piece: number for number, piece in enumerate(["<|endoftext|>", *sorted(pieces)])}


def tokenizer():
    words = Tokenizer(models.WordLevel(vocabulary(), unk_token="<|endoftext|>"))
    words.pre_tokenizer, words.decoder = CUT, decoders.ByteLevel()
    end = {"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>"}
    return PreTrainedTokenizerFast(tokenizer_object=words, **end)


def narrow(name, size):
    """A model of as many layers and heads, with heads of 8 dimensions."""
    card = HUB_CARDS[name]
    sizes = {"vocab_size": size, "bos_token_id": 0, "eos_token_id": 0}
    width = 8 * card.heads
    if name == "gpt2":
        config = GPT2Config(n_layer=card.layers, n_head=card.heads, n_embd=width, **sizes)
        return GPT2LMHeadModel(config)
    return GPTNeoXForCausalLM(
        GPTNeoXConfig(
            num_hidden_layers=card.layers,
            num_attention_heads=card.heads,
            hidden_size=width,
            intermediate_size=2 * width,
            **sizes,
        )
    )


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """The hub's cache, with stand-ins for the models."""
    cache = tmp_path_factory.mktemp("hub")
    words = tokenizer()
    for name in HUB_CARDS:
        repository = cache / f"models--{name.replace('/', '--')}"
        (repository / "refs").mkdir(parents=True)
        (repository / "refs" / "main").write_text(COMMIT)
        folder = repository / "snapshots" / COMMIT
        with torch.random.fork_rng():
            torch.manual_seed(0)
            narrow(name, len(words)).save_pretrained(folder)
        words.save_pretrained(folder)
    return cache


@pytest.fixture
def run(forking, monkeypatch):
    """Run the suites with a cache and no hub; gives what was printed and the ledger."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(ROOT / "plugins")]))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")

    def run(cache, folder, *arguments):
        monkeypatch.setenv("HF_HUB_CACHE", str(cache))
        options = ["-q", f"--claims-ledger={folder}", "--claims-no-cache", "-p", "no:cacheprovider"]
        done = forking.pytest(*arguments, *options)
        runs = sorted(folder.glob("*.jsonl"))
        return done.stdout.str(), ledger.read(runs[0]) if runs else None

    return run


def test_without_the_weights_every_test_is_listed_as_not_run(run, tmp_path):
    said, run_of = run(tmp_path / "empty", tmp_path / "runs", *SUITES)
    assert "passed" not in said
    assert "failed" not in said
    assert len(run_of.not_run) > 30
    assert not run_of.claims
    assert {each.reason for each in run_of.not_run} == {
        f"needs {name} of the model hub, not in the cache here: `hf download {name}`"
        for name in HUB_CARDS
    }


def test_every_claim_is_known_without_the_weights(run, tmp_path):
    said, _ = run(tmp_path / "empty", tmp_path / "runs", *SUITES, "--claims-list")
    assert "claims not known" not in said
    assert "the circuit L0H1 … L11H10 (26 nodes) is faithful within 0.25" in said
    assert "some head of L0–L11 is an induction head" in said


@pytest.mark.parametrize("suite", SUITES)
def test_claims_are_judged_and_nothing_is_supported_of_random_weights(run, cache, tmp_path, suite):
    said, run_of = run(cache, tmp_path / "runs", suite, "-k", "not test_is_an_induction_head")
    raised = set(re.findall(r"^E +([\w.]+): ", said, re.MULTILINE))
    assert raised <= {"AssertionError", "circuit_assert.errors.Inconclusive"}, said
    outcomes = re.findall(r"(\d+) (?:passed|failed|inconclusive)", said.splitlines()[-1])
    assert sum(map(int, outcomes)) == len({each.nodeid for each in run_of.claims}), said
    assert not run_of.not_run
    assert not [each.sentence for each in run_of.claims if each.verdict == "supported"]


def test_sizes_that_are_known_beforehand_are_those_of_the_configuration():
    assert card_of(GPT2Config().to_dict()) == HUB_CARDS["gpt2"]
