"""Train two small models on made-up words, and keep checkpoints on the way.

    python hypotheses/induction_training/train.py    # or: make checkpoints

The data is synthetic, and made so that induction pays: every sequence of 24 words is a block of 3
to 11 words, drawn one by one from a vocabulary of 40 with frequencies that fall with the rank
(Zipf's law as Mandelbrot flattened it), said over and over from a random place on. Nothing but what
was said before tells what comes next. It is no language; what is learned from it says when a
circuit forms in such a model on such data, and nothing of models of text.

The models are shaped as Pythia (GPT-NeoX), with four heads in a layer: one of two layers, and one
of a single layer as a control, in which no head can read what an earlier one wrote. Weights and
data come from a seed. With one thread on one kind of CPU they are the same to the bit; on another
kind sums are rounded otherwise, and where a head ends up may differ.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from circuit_assert.models.cache_folder import cache_root, kept
from circuit_assert.models.folder import problems

MADE_BY = "make checkpoints"
WORDS = tuple(a + b + c for a, b, c in product("bdfgklmn", "aeio", "lmnr"))[:40]


@dataclass(frozen=True)
class Recipe:
    """All that decides what a training run gives.

    Args:
        name: What its checkpoints are called, before the "@".
        layers: How many.
        keep: The steps after which a checkpoint is kept.
        seed: Of weights and data.
        context: Words of a sequence, the first of which begins it.
        batch: Sequences of a step.
        rate: AdamW's learning rate, after a warm-up of 50 steps.
    """

    name: str
    layers: int
    keep: tuple[int, ...]
    seed: int = 0
    context: int = 24
    batch: int = 64
    rate: float = 3e-3

    def folders(self) -> tuple[Path, ...]:
        """Where the checkpoints are kept, the earliest first; another recipe has others."""
        mark = hashlib.sha256(f"1 {self!r} {WORDS}".encode()).hexdigest()[:8]
        run = cache_root() / "induction-training" / mark
        return tuple(run / f"{self.name}@step{step}" for step in self.keep)


TWO_LAYERS = Recipe("two-layers", 2, (16, 64, 256, 512, 1024, 1536, 2048))
ONE_LAYER = Recipe("one-layer", 1, (2048,))


def train(recipe: Recipe) -> None:
    """Train a model and keep its checkpoints, unless all of them are there."""
    if not any(problems(folder) for folder in recipe.folders()):
        return
    import torch
    from torch.nn.functional import cross_entropy
    from transformers.utils import logging

    logging.disable_progress_bar()  # of files that are written in milliseconds
    torch.manual_seed(recipe.seed)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    model = _model(recipe)
    adam = torch.optim.AdamW(
        model.parameters(), lr=recipe.rate, betas=(0.9, 0.98), weight_decay=0.0
    )
    warm = torch.optim.lr_scheduler.LinearLR(adam, 0.02, total_iters=50)
    folders = dict(zip(recipe.keep, recipe.folders(), strict=True))
    for step, words in zip(range(1, recipe.keep[-1] + 1), batches(recipe), strict=False):
        logits = model(words).logits[:, :-1]
        loss = cross_entropy(logits.flatten(0, 1), words[:, 1:].flatten())
        adam.zero_grad()
        loss.backward()
        adam.step()
        warm.step()
        if step in folders:
            print(f"{folders[step].name}: loss {loss.item():.2f} nats", file=sys.stderr)
            _keep(model, recipe, folders[step])


def batches(recipe: Recipe) -> Iterator[Any]:
    """Word ids, `[sequence, word]`: 0 begins a sequence, the other words have ids from 1 on."""
    import numpy as np
    import torch

    generator = np.random.default_rng(recipe.seed)
    frequencies = 1.0 / (np.arange(len(WORDS)) + 10.0)
    frequencies /= frequencies.sum()
    places = np.arange(recipe.context)
    while True:
        drawn = generator.choice(len(WORDS), p=frequencies, size=(recipe.batch, recipe.context))
        blocks = generator.integers(3, recipe.context // 2, size=(recipe.batch, 1))
        starts = 1 + generator.integers(recipe.context - 2 * blocks)
        again = np.where(places < starts, places, starts + (places - starts) % blocks)
        words = 1 + np.take_along_axis(drawn, again, axis=1)
        words[:, 0] = 0
        yield torch.from_numpy(words)


def _model(recipe: Recipe) -> Any:
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

    return GPTNeoXForCausalLM(
        GPTNeoXConfig(
            vocab_size=1 + len(WORDS),
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=recipe.layers,
            num_attention_heads=4,
            max_position_embeddings=recipe.context,
            rotary_pct=1.0,
            use_parallel_residual=False,
            initializer_range=0.1,
            bos_token_id=0,
            eos_token_id=0,
        )
    )


def _keep(model: Any, recipe: Recipe, folder: Path) -> None:
    def build(scratch: Path, _: object) -> Path:
        finished = scratch / folder.name
        model.save_pretrained(finished)
        _tokenizer(recipe).save_pretrained(finished)
        return finished

    kept(folder, build, title=folder.name, needs=10_000_000)


def _tokenizer(recipe: Recipe) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    ids = {word: number for number, word in enumerate(("<begin>", *WORDS))}
    words = Tokenizer(models.WordLevel(ids, unk_token="<begin>"))  # noqa: S106 - no password
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=words,
        bos_token="<begin>",  # noqa: S106
        model_max_length=recipe.context,
    )


if __name__ == "__main__":
    for each in (TWO_LAYERS, ONE_LAYER):
        train(each)
