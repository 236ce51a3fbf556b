"""Compiles the shipped RASP programs anew.

`python -m circuit_assert.models.planted_models.rasp.compile` writes the files beside this one.
It needs the compiler, `pip install 'circuit-assert[compile]'`; models that are compiled do not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from re import sub
from string import ascii_lowercase
from typing import Any

import numpy as np

from circuit_assert.models.planted_models.blueprint import Matrix

_BEGIN = "<begin>"
_PARTS = {  # ours → the compiler's
    "attn.q": "attn/query",
    "attn.k": "attn/key",
    "attn.v": "attn/value",
    "attn.o": "attn/linear",
    "mlp.fc_in": "mlp/linear_1",
    "mlp.fc_out": "mlp/linear_2",
}


@dataclass(frozen=True)
class _Program:
    """A program, and what is true of its model.

    Args:
        make: Makes the RASP expression; its name is that of the output variable.
        tokens: Input words.
        context: Words of the longest sequence, without the beginning.
        true: Component → what is true of it.
        false: Component → which plausible claim about it is false, and why.
    """

    make: Callable[[], Any]
    tokens: str
    context: int
    true: Mapping[str, str]
    false: Mapping[str, str]


def _induction() -> Any:  # noqa: ANN401 - the compiler has no types
    from tracr.rasp import rasp  # pyright: ignore[reportMissingImports]

    previous = rasp.Select(rasp.indices, rasp.indices, lambda key, query: key == query - 1)
    previous_token = rasp.Aggregate(previous, rasp.tokens, default=None).named("previous_token")
    after_same = rasp.Select(previous_token, rasp.tokens, rasp.Comparison.EQ)
    return rasp.Aggregate(after_same, rasp.tokens, default=None).named("next")


def _count() -> Any:  # noqa: ANN401
    from tracr.rasp import rasp  # pyright: ignore[reportMissingImports]

    same = rasp.Select(rasp.tokens, rasp.tokens, rasp.Comparison.EQ)
    return rasp.SelectorWidth(same).named("count")


_PROGRAMS = {
    "induction": _Program(
        _induction,
        tokens=ascii_lowercase[:24],
        context=15,
        true={
            "L0H0": "selects the previous token and writes it as the variable previous_token",
            "L1H0": "selects the tokens after earlier occurrences of the current one",
            "L0H0+L1H0": "compose: the second selects by what the first wrote",
        },
        false={
            "L0H0": "attends inductively: it attends by position alone",
            "L1H0": "attends to the previous token: only where the current one is said twice",
        },
    ),
    "count": _Program(
        _count,
        tokens=ascii_lowercase[:6],
        context=12,
        true={
            "L0H0": "selects all occurrences of the current token, and the beginning",
            "L0.mlp": "turns the beginning's share of attention into how many were selected",
        },
        false={
            "L0H0": "attends to the same tokens more, the more there are of each: every one gets "
            "1 / (1 + count)"
        },
    ),
}


def main() -> None:
    """Write one JSON file a program, beside this one."""
    for name, program in _PROGRAMS.items():
        text = json.dumps(_compiled(program), ensure_ascii=False, sort_keys=True)
        Path(__file__).with_name(f"{name}.json").write_text(text + "\n", encoding="utf-8")


def _compiled(program: _Program) -> dict[str, Any]:
    from tracr.compiler import compiling  # pyright: ignore[reportMissingImports]

    expression = program.make()
    model = compiling.compile_rasp_to_model(
        expression,
        vocab=set(program.tokens),
        max_seq_len=program.context,
        compiler_bos=_BEGIN,
        causal=True,
    )
    inputs, outputs = model.input_encoder.encoding_map, model.output_encoder.encoding_map
    words = [_BEGIN, *program.tokens, *(value for value in outputs if value not in inputs)]
    codes = dict(zip(model.residual_labels, np.eye(len(model.residual_labels)), strict=True))
    weights = {
        "tok_embed.weight": _embedding(model, inputs, words),
        "pos.weight": _array(model, "pos_embed", "embeddings"),
        "head.weight": _unembedding(codes, expression.name, words),
        **_blocks(model),
    }
    variables = _variables(model.residual_labels)
    return {
        "card": _card(model.model_config, weights),
        "vocabulary": [_BEGIN, *(f" {word}" for word in words[1:])],
        "variables": {_plain(label): where for label, where in variables.items()},
        "true": program.true,
        "false": program.false,
        "weights": {name: _sparse(array) for name, array in weights.items()},
    }


def _embedding(model: Any, inputs: Mapping[Any, int], words: list[Any]) -> Matrix:  # noqa: ANN401
    """A row for each word; of zeros for those that are said and never read."""
    rows = _array(model, "token_embed", "embeddings")
    return np.array([rows[inputs[w]] if w in inputs else 0.0 * rows[0] for w in words])


def _unembedding(codes: Mapping[str, Matrix], output: str, words: list[Any]) -> Matrix:
    """A row for each word: where the output variable says it; of zeros for those never said."""
    said = {
        value: code
        for label, code in codes.items()
        for name, _, value in [label.rpartition(":")]
        if _plain(name) == output
    }
    nothing = 0.0 * next(iter(codes.values()))
    return np.array([said.get(str(word), nothing) for word in words])


def _blocks(model: Any) -> dict[str, Matrix]:  # noqa: ANN401
    blocks: dict[str, Matrix] = {}
    for layer in range(model.model_config.num_layers):
        for ours, theirs in _PARTS.items():
            module = f"transformer/layer_{layer}/{theirs}"
            blocks[f"layers.{layer}.{ours}.weight"] = _array(model, module, "w").T
            blocks[f"layers.{layer}.{ours}.bias"] = _array(model, module, "b")
    return blocks


def _array(model: Any, module: str, name: str) -> Matrix:  # noqa: ANN401
    return np.asarray(model.params[module][name], np.float64)


def _plain(label: str) -> str:
    """A variable's name without the compiler's numbers: "previous_token" for "previous_token_3"."""
    return sub(r"_\d+", "", label)


def _variables(labels: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Which coordinates of the residual stream hold which variable of the program."""
    names = [label.rpartition(":")[0] or label for label in labels]
    return {
        name: (names.index(name), names.index(name) + names.count(name))
        for name in dict.fromkeys(names)
    }


def _card(config: Any, weights: Mapping[str, Matrix]) -> dict[str, int]:  # noqa: ANN401
    vocabulary, width = weights["tok_embed.weight"].shape
    return {
        "layers": config.num_layers,
        "heads": config.num_heads,
        "kv_heads": config.num_heads,
        "d_model": width,
        "d_head": config.key_size,
        "d_mlp": config.mlp_hidden_size,
        "vocabulary": vocabulary,
        "context": len(weights["pos.weight"]),
    }


def _sparse(array: Matrix) -> dict[str, Any]:
    at = np.flatnonzero(array)
    return {"shape": array.shape, "at": at.tolist(), "entries": array.flat[at].tolist()}


if __name__ == "__main__":
    main()
