"""A Hugging Face tokenizer as prompt sets see it."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from circuit_assert.errors import ModelError
from circuit_assert.models.card import Card
from circuit_assert.models.folder import stamp
from circuit_assert.models.spec import ModelSpec
from circuit_assert.prompts.base import Ints, Tokenizer

_NO_LIMIT = 1 << 30
_END = "<|endoftext|>"
_AROUND_TEXTS = ("post_processor", "padding", "truncation")  # special tokens and such: never asked
_VOCABULARY = ',"model":'


class HuggingFaceTokenizer:
    """Wraps a tokenizer of the transformers library.

    Args:
        tokenizer: The wrapped one.
        name: The model's name, for messages.
        context_length: The longest sequence the model takes; None where none is stated.
        prepend_beginning: Whether sequences begin with the beginning-of-sequence token.
    """

    def __init__(
        self,
        tokenizer: Any,  # noqa: ANN401 - the library's own classes are untyped
        *,
        name: str,
        context_length: int | None,
        prepend_beginning: bool = True,
    ) -> None:
        self.name = name
        self.context_length = context_length or _NO_LIMIT
        self.wrapped = tokenizer
        beginning: int | None = tokenizer.bos_token_id if prepend_beginning else None
        self.beginning: tuple[int, ...] = () if beginning is None else (beginning,)

    @property
    def vocabulary_size(self) -> int:
        """How many tokens there are."""
        return len(self.wrapped)

    @cached_property
    def fingerprint(self) -> str | None:
        """A hash of how texts are cut; None for a tokenizer that cannot be written out."""
        backend = getattr(self.wrapped, "backend_tokenizer", None)
        if backend is None:
            return None
        return hashlib.sha256(_cuts(backend.to_str()).encode()).hexdigest()

    def encode(self, text: str) -> list[int]:
        """The tokens of a text, without special tokens."""
        return list(self.wrapped.encode(text, add_special_tokens=False))

    def piece(self, token: int) -> str:
        """How one token reads; bare bytes read "<0xE5>" or contain U+FFFD."""
        raw = str(self.wrapped.convert_ids_to_tokens(int(token)))
        if raw.startswith("<0x"):
            return raw
        return str(self.wrapped.decode([int(token)]))

    def decode(self, tokens: list[int]) -> str:
        """How tokens read together, special ones left out."""
        return str(self.wrapped.decode(tokens, skip_special_tokens=True))

    def ordinary_tokens(self) -> Ints:
        """Tokens that stand for text: no special, unused, or byte-fallback ones."""
        return self._ordinary

    @cached_property
    def _ordinary(self) -> Ints:
        pieces: list[str] = self.wrapped.convert_ids_to_tokens(range(self.vocabulary_size))
        special = set(self.wrapped.all_special_ids)
        keep = [
            token
            for token, piece in enumerate(pieces)
            if token not in special
            and piece
            and not (piece.startswith(("<", "[")) and piece.endswith((">", "]")))
        ]
        return np.array(keep, np.int64)


def _cuts(written: str) -> str:
    """What of a tokenizer that is written out says how texts are cut.

    The vocabulary comes last, and is long: it is left as it is written.
    """
    about, model, vocabulary = written.partition(_VOCABULARY)
    try:
        stated: dict[str, Any] = json.loads(about + "}" if model else written)
    except ValueError:  # the words stood within another part
        stated, vocabulary = json.loads(written), ""
    kept = {part: stated[part] for part in stated if part not in _AROUND_TEXTS}
    return json.dumps(kept) + vocabulary


class LoadedTokenizers:
    """The tokenizers of models that were loaded last: to make one can take seconds.

    They have nothing of a model's weights, and are not what is freed with it.

    Args:
        size: How many are kept.
    """

    def __init__(self, size: int = 2) -> None:
        self._size = size
        self._kept: dict[tuple[object, ...], HuggingFaceTokenizer] = {}

    def get(self, spec: ModelSpec, folder: Path) -> HuggingFaceTokenizer | None:
        """The one that a model was loaded with, if its files are as they were."""
        return self._kept.get(self._key(spec, folder))

    def put(self, spec: ModelSpec, folder: Path, tokenizer: HuggingFaceTokenizer) -> None:
        """Keep it, and let the oldest go."""
        self._kept[self._key(spec, folder)] = tokenizer
        while len(self._kept) > self._size:
            del self._kept[next(iter(self._kept))]

    def _key(self, spec: ModelSpec, folder: Path) -> tuple[object, ...]:
        return spec.name, folder.resolve(), stamp(folder)


LOADED = LoadedTokenizers()


def tokenizer_at_hand(spec: ModelSpec) -> Tokenizer | None:
    """A model's tokenizer without its weights, or None where its files would have to be fetched.

    Raises:
        ModelError: when the files are there and no tokenizer can be made of them.
    """
    if spec.planted is not None:
        return spec.planted.tokenizer
    folder, card = spec.folder_at_hand(), spec.card()
    if folder is None or card is None:
        return None
    if loaded := LOADED.get(spec, folder):
        return loaded
    from transformers import AutoTokenizer

    try:
        found = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as problem:
        raise ModelError(f"{folder} has no tokenizer that can be loaded: {problem}") from None
    _complete(found)
    return wrapped(found, spec, card)


def wrapped(tokenizer: Any, spec: ModelSpec, card: Card) -> HuggingFaceTokenizer:  # noqa: ANN401
    """A model's tokenizer. A beginning that the model has no embedding of is not prepended.

    Args:
        tokenizer: Of the transformers library, with special tokens.
        spec: The model.
        card: Its sizes.
    """
    return HuggingFaceTokenizer(
        tokenizer,
        name=spec.name,
        context_length=card.context,
        prepend_beginning=tokenizer.bos_token_id < card.vocabulary,
    )


def _complete(tokenizer: Any) -> None:  # noqa: ANN401 - the library's own classes are untyped
    """Give it the special tokens that it lacks, as transformer-lens does to one that it loads."""
    tokenizer.eos_token = tokenizer.eos_token or _END
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    tokenizer.bos_token = tokenizer.bos_token or tokenizer.eos_token
    for which in ("pad_token", "eos_token", "bos_token"):
        if getattr(tokenizer, f"{which}_id") is None:
            tokenizer.add_special_tokens({which: getattr(tokenizer, which)})
