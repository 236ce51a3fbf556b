"""How good a dictionary is: what it misses, what the model loses with it, how sparse it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from circuit_assert.dictionaries.encoders import Encoder

_NATS_OF = ("clean", "spliced", "mean")


@dataclass(frozen=True)
class Quality:
    """The usual figures, on text that was not trained on.

    Args:
        unexplained: Fraction of variance unexplained.
        unexplained_without: The same without the coordinate that varies most.
        recovered: Share of the loss that the mean activation costs which it does not.
        clean: Loss in nats; `spliced` with the reconstruction, `mean` with the mean activation.
        spliced: See `clean`.
        mean: See `clean`.
        active: Latents active at a token, on average.
        dead: Share of latents that are active at none of the tokens trained on.
    """

    unexplained: float
    unexplained_without: float
    recovered: float
    clean: float
    spliced: float
    mean: float
    active: float
    dead: float


def quality(  # noqa: PLR0917
    model: Any,
    tokenizer: Any,
    encoder: Encoder,
    layer: int,
    texts: Sequence[str],
    trained: torch.Tensor,
) -> Quality:
    """Its figures on some texts, the model in float32.

    Args:
        model: A causal language model of transformers.
        tokenizer: Its tokenizer.
        encoder: The dictionary.
        layer: The block whose output it reads.
        texts: Not trained on.
        trained: float16[token, d_model], what was trained on, for the mean and the dead latents.
    """
    mean = trained.float().mean(0)
    fired = torch.zeros(encoder.latents, dtype=torch.bool)
    for piece in trained.split(8192):
        fired |= (encoder.encode(piece.float()) > 0).any(0)
    streams: list[torch.Tensor] = []
    nats = {name: [0.0, 0] for name in _NATS_OF}
    for text in texts:
        tokens = tokenizer(text, add_special_tokens=False)["input_ids"][:64]
        row = torch.tensor([[tokenizer.bos_token_id, *tokens]])
        for name in _NATS_OF:
            loss, stream = _loss(model, row, layer, encoder, mean if name == "mean" else None, name)
            nats[name][0] += loss
            nats[name][1] += len(tokens)
            if name == "clean":
                streams.append(stream[0, 1:])
    clean, spliced, flat = (nats[name][0] / nats[name][1] for name in _NATS_OF)
    given = torch.cat(streams)
    codes = encoder.encode(given)
    left, about = given - encoder.decode(codes), given - given.mean(0)
    usual = torch.arange(given.shape[1]) != int(about.square().sum(0).argmax())
    return Quality(
        unexplained=float(left.square().sum() / about.square().sum()),
        unexplained_without=float(left[:, usual].square().sum() / about[:, usual].square().sum()),
        recovered=(flat - spliced) / (flat - clean),
        clean=clean,
        spliced=spliced,
        mean=flat,
        active=float((codes > 0).float().sum(1).mean()),
        dead=float((~fired).float().mean()),
    )


def _loss(  # noqa: PLR0917
    model: Any,
    row: torch.Tensor,
    layer: int,
    encoder: Encoder,
    mean: torch.Tensor | None,
    name: str,
) -> tuple[float, torch.Tensor]:
    seen: dict[str, torch.Tensor] = {}

    def replace(module: object, given: object, output: Any) -> Any:
        stream = output[0] if isinstance(output, tuple) else output
        seen["stream"] = stream.detach().clone()
        if name == "clean":
            return output
        made = encoder.decode(encoder.encode(stream)) if mean is None else mean.expand_as(stream)
        new = torch.cat([stream[:, :1], made[:, 1:].to(stream)], dim=1)
        return (new, *output[1:]) if isinstance(output, tuple) else new

    hook = model.model.layers[layer].register_forward_hook(replace)
    with torch.no_grad():
        logits = model(row).logits[0, :-1].float()
    hook.remove()
    return float(torch.nn.functional.cross_entropy(logits, row[0, 1:], reduction="sum")), seen[
        "stream"
    ]


def as_text(figures: Mapping[str, float]) -> str:
    """Figures as lines of Markdown."""
    return "\n".join(f"| {name} | {value:.4g} |" for name, value in figures.items())
