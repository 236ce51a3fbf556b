"""`python -m benchmarks.dictionary`: train the dictionary that ships with the suites.

    apt-get download manpages manpages-{de,fr,es,it,ru,uk,el,ja,zh}; unpack each with dpkg-deb -x
    pip download --no-deps Django
    python -m benchmarks.dictionary --manuals FOLDER --django WHEEL --out FOLDER

It writes a SAE Lens folder, the messages kept back, and the figures of `evaluation`.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from benchmarks.dictionary.corpus import corpus, messages, trained_on
from benchmarks.dictionary.evaluation import as_text, quality
from benchmarks.dictionary.training import Recipe, collect, train
from circuit_assert.dictionaries.formats import read_dictionary
from circuit_assert.models.zoo import ensure

_MODEL, _LAYER, _CHARACTERS = "gemma-3-270m", 9, 150_000
_KEPT = ("en", "ru", "uk", "el", "ar", "zh_Hans")


def main() -> None:
    """Collect, train, evaluate, write."""
    options = _options()
    started = time.perf_counter()
    folder = options.model
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).eval()
    texts = corpus(options.manuals, options.django, _CHARACTERS)
    streams = torch.cat([collect(model, tokenizer, each, _LAYER) for each in texts.values()])
    print(f"{len(streams)} tokens in {time.perf_counter() - started:.0f} s", flush=True)
    weights = train(streams, Recipe())
    options.out.mkdir(parents=True, exist_ok=True)
    _write(weights, options.out)
    kept = _kept_back(options.django)
    lines = ",\n".join(json.dumps(each, ensure_ascii=False) for each in kept)
    (options.out / "messages.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    encoder = read_dictionary(options.out).encoder
    held = [str(each["text"]) for each in kept]
    exact = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    found = quality(exact, tokenizer, encoder, _LAYER, held[::8], streams)
    print(as_text(asdict(found)))
    print(f"{time.perf_counter() - started:.0f} s, {torch.get_num_threads()} threads")


def _kept_back(wheel: Path) -> list[dict[str, object]]:
    """Messages that were not trained on, as prompts."""
    return [
        {
            "text": by_language[language],
            "language": language.partition("_")[0],
            "clusters": {"document": name, "language": language.partition("_")[0]},
        }
        for name, by_language in messages(wheel).items()
        if not trained_on(name)
        for language in _KEPT
    ]


def _write(weights: dict[str, torch.Tensor], folder: Path) -> None:
    save_file({n: t.contiguous() for n, t in weights.items()}, folder / "sae_weights.safetensors")
    config = {
        "architecture": "jumprelu",
        "d_in": weights["W_enc"].shape[0],
        "d_sae": weights["W_enc"].shape[1],
        "dtype": "float16",
        "apply_b_dec_to_input": False,
        "normalize_activations": "none",
        "metadata": {"hook_name": f"blocks.{_LAYER}.hook_resid_post", "model_name": _MODEL},
    }
    (folder / "cfg.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dictionary", description=__doc__)
    parser.add_argument("--manuals", type=Path, required=True, help="unpacked packages")
    parser.add_argument("--django", type=Path, required=True, help="Django's wheel")
    parser.add_argument("--model", type=Path, default=None, help="the model's folder")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    if options.model is None:
        options.model = ensure(_MODEL)
    return options


if __name__ == "__main__":
    main()
