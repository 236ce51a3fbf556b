"""The all-heads sweep on a GPU, on random models of the shapes of large ones."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from benchmarks.result import Result
from benchmarks.speed.floor import peak
from benchmarks.speed.memory import Peak
from benchmarks.speed.random_models import random_model
from benchmarks.speed.sweeps import Task, patterned
from circuit_assert.execution.executor import Executor
from circuit_assert.interventions import Ablation
from circuit_assert.measurements import LogitDifference, Request


@dataclass(frozen=True)
class OnDevice(Result):
    """A sweep on one device.

    Args:
        name: Of the model and the sweep.
        device: The device's name.
        tokens: Through the blocks that they need, over all interventions.
        seconds: What it took.
        share: Of the peak of a large matrix product in the same dtype.
        memory: The most bytes at once.
    """

    name: str
    device: str
    tokens: int
    seconds: float
    share: float
    memory: int

    @property
    def cells(self) -> dict[str, str]:
        """As a line of a table."""
        return {
            "what": self.name,
            "device": self.device,
            "time": f"{self.seconds:.1f} s",
            "tokens per second": f"{self.tokens / self.seconds:,.0f}",
            "of the peak": f"{self.share:.0%}",
            "peak memory": f"{self.memory / (1 << 30):.1f} GiB",
        }


def sweeps_on_cuda(prompts: int = 48) -> Iterator[OnDevice]:
    """A Llama-3-8B-shaped and a GPT-2-XL-shaped model, in bfloat16.

    Raises:
        RuntimeError: when there is no CUDA device.
    """
    if not torch.cuda.is_available():
        raise RuntimeError("no CUDA device is available here.")
    torch.backends.cuda.matmul.allow_tf32 = False
    for name, config in (("Llama-3-8B-shaped", _llama_3_8b()), ("GPT-2-XL-shaped", _gpt2_xl())):
        yield sweep_on(config, name, "cuda", torch.bfloat16, prompts)
        torch.cuda.empty_cache()


def sweep_on(config: Any, name: str, device: str, dtype: torch.dtype, prompts: int) -> OnDevice:
    """Mean ablation of every head of a random model."""
    task = Task(random_model(config, name, device=device, dtype=dtype), patterned(prompts))
    best = peak(device, dtype)
    watched = Peak(task.backend.device)
    engine = Executor(task.backend)
    requests = [
        Request(LogitDifference(), task.prompts, under=Ablation((head,))) for head in task.heads()
    ]
    with watched.watched():
        started = time.perf_counter()
        engine.run(requests)
        if device != "cpu":
            torch.cuda.synchronize()
        seconds = time.perf_counter() - started
    tokens = sum(map(len, task.tokenized.tokens["clean"])) * len(requests)
    return OnDevice(
        f"{name}: {len(requests)} heads, {prompts} prompts",
        torch.cuda.get_device_name() if device != "cpu" else "cpu",
        tokens,
        seconds,
        engine.needed_flops / seconds / best,
        watched.bytes,
    )


def _llama_3_8b() -> Any:
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=128_256, hidden_size=4096, intermediate_size=14_336, num_hidden_layers=32,
        num_attention_heads=32, num_key_value_heads=8, max_position_embeddings=8192,
    )  # fmt: skip


def _gpt2_xl() -> Any:
    from transformers import GPT2Config

    return GPT2Config(n_embd=1600, n_layer=48, n_head=25)
