"""Small models with random weights, written as folders of the Hugging Face kind."""

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast


def write_random(make, folder):
    """Write the model that `make` gives, all its weights drawn anew, with words as tokens."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = make()
        for name, parameter in model.named_parameters():
            torch.nn.init.normal_(parameter, std=0.3)
            if "norm" in name or ".ln_" in name:
                parameter.data.add_(1.0)
    model.save_pretrained(folder)
    write_words(folder)


def write_words(folder):
    """Write a tokenizer of a hundred words and an end, which every sequence begins with."""
    known = {f"w{number}": number for number in range(100)} | {"<end>": 100}
    words = Tokenizer(models.WordLevel(known, unk_token="w0"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(
        tokenizer_object=words, bos_token="<end>", eos_token="<end>"
    ).save_pretrained(folder)
