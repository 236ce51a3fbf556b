"""Models with random weights, for shapes whose real weights are not at hand."""

from __future__ import annotations

from contextlib import redirect_stderr
from io import StringIO
from tempfile import TemporaryDirectory
from typing import Any

import torch

from circuit_assert.backends.tokenizer import HuggingFaceTokenizer
from circuit_assert.backends.transformer_lens import TransformerLensBackend
from circuit_assert.models.folder import card_of

_WORDS = 1000


def random_model(
    config: Any, name: str, *, device: str = "cpu", dtype: torch.dtype = torch.float32
) -> TransformerLensBackend:
    """A model of a configuration's shape, drawn on its device.

    Args:
        config: A transformers configuration of a decoder.
        name: What to call it.
        device: Where it is made; it is never copied.
        dtype: Of its weights.
    """
    import transformers
    from transformer_lens.model_bridge import TransformerBridge

    torch.manual_seed(0)
    config._attn_implementation = "eager"  # patterns are read, so they have to be made
    with torch.device(device):
        model = transformers.AutoModelForCausalLM.from_config(config, dtype=dtype)
    with redirect_stderr(StringIO()), TemporaryDirectory() as folder:
        _tokenizer().save_pretrained(folder)
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        bridge = TransformerBridge.boot_transformers(
            name, hf_model=model.eval(), tokenizer=tokenizer, dtype=dtype
        )
    card = card_of(config.to_dict())
    words = HuggingFaceTokenizer(bridge.tokenizer, name=name, context_length=card.context)
    return TransformerLensBackend(bridge, name=name, tokenizer=words, card=card)


def _tokenizer() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {"<s>": 0, "</s>": 1, **{f"w{n}": n + 2 for n in range(_WORDS)}}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="w0"))  # noqa: S106
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()  # pyright: ignore
    return PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>", eos_token="</s>")  # noqa: S106
