"""`python -m benchmarks.dictionary`: train the dictionary that ships with the suites.

    python -m benchmarks.dictionary --out FOLDER

It fetches its text (`sources`), and the model where it is not at hand; trains; writes a folder in
SAE Lens' layout with the messages kept back; and prints the figures of `evaluation`.
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
from benchmarks.dictionary.sources import fetch_django, fetch_manuals
from benchmarks.dictionary.training import Recipe, collect, train
from circuit_assert.dictionaries.formats import read_dictionary
from circuit_assert.models.cache_folder import cache_root
from circuit_assert.models.zoo import ensure

_MODEL, _LAYER = "gemma-3-270m", 9
_KEPT = ("en", "ru", "uk", "el", "ar", "zh_Hans")


def main() -> None:
    """Collect, train, evaluate, write."""
    options = _options()
    started = time.perf_counter()
    folder = options.model
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).eval()
    manuals = options.manuals or fetch_manuals(cache_root() / "dictionary" / "manuals")
    django = options.django or fetch_django(cache_root() / "dictionary" / "django")
    texts = corpus(manuals, django, options.characters)
    streams = torch.cat([collect(model, tokenizer, each, _LAYER) for each in texts.values()])
    print(f"{len(streams)} tokens in {time.perf_counter() - started:.0f} s", flush=True)
    weights = train(streams, Recipe(latents=options.latents, epochs=options.epochs))
    options.out.mkdir(parents=True, exist_ok=True)
    _write(weights, options.out)
    kept = _kept_back(django)
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
        for name, by_language in sorted(messages(wheel).items())
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
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--manuals", type=Path, help="unpacked packages, instead of fetching them")
    parser.add_argument("--django", type=Path, help="Django's wheel, instead of fetching it")
    parser.add_argument("--model", type=Path, help=f"its folder, instead of {_MODEL} of the zoo")
    whole = Recipe()
    parser.add_argument("--latents", type=int, default=whole.latents)
    parser.add_argument("--epochs", type=int, default=whole.epochs)
    parser.add_argument(
        "--characters", type=int, default=150_000, help="of manuals in each language, at most"
    )
    options = parser.parse_args()
    if options.latents <= whole.active:
        parser.error(
            f"--latents is {whole.active + 1} at least, as {whole.active} are active at a token; "
            f"got {options.latents}."
        )
    if options.model is None:
        options.model = ensure(_MODEL)
    return options


if __name__ == "__main__":
    main()
