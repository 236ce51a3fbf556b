"""How the engine's cost grows with claims, prompts and layers."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.result import Result
from benchmarks.speed.fused import mixed_claims
from benchmarks.speed.random_models import random_model
from benchmarks.speed.sweeps import Task, load_task, patterned
from circuit_assert import Session
from circuit_assert.execution.cost import Work
from circuit_assert.execution.executor import Executor
from circuit_assert.interventions import Ablation
from circuit_assert.measurements import LogitDifference, Request


@dataclass(frozen=True)
class Grown(Result):
    """One point of a curve.

    Args:
        name: What grows, and how far.
        seconds: What it took.
        blocks: Blocks that ran.
        work: What the engine counted.
    """

    name: str
    seconds: float
    blocks: int
    work: Work

    @property
    def record(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "name": self.name,
            "seconds": self.seconds,
            "blocks": self.blocks,
            "runs": self.work.runs,
            "needed_flops": self.work.needed_flops,
        }

    @property
    def cells(self) -> dict[str, str]:
        """As a line of a table."""
        return {
            "what": self.name,
            "runs": f"{self.work.runs:,}",
            "blocks run": f"{self.blocks:,}",
            "needed": f"{self.work.needed_flops / 1e12:.2f} TFLOP",
            "time": f"{self.seconds:.1f} s",
        }


def with_claims(model: str) -> Iterator[Grown]:
    """25, 50, 100 and 200 claims of four kinds, each time with nothing kept."""
    session = Session()
    handle = session.model(model)
    session.measure(handle, [])  # loads the weights
    backend: Any = session._known[handle.spec].weights  # pyright: ignore[reportPrivateUsage]
    for count in (25, 50, 100, 200):
        session.forget()
        claims, before, started = mixed_claims(handle, count), backend.blocks_run, session.work()
        seconds = _seconds(lambda claims=claims: session.evaluate(claims))
        done = session.work() - started
        yield Grown(f"{count} claims", seconds, backend.blocks_run - before, done)


def with_prompts(model: str) -> Iterator[Grown]:
    """All heads, on 8, 24, 48 and 96 prompts."""
    for count in (8, 24, 48, 96):
        task = load_task(model, count)
        layers = range(task.backend.card.layers)
        yield _swept(task, f"{len(task.prompts)} prompts, all heads", layers)


def with_depth_of_the_edit(model: str) -> Iterator[Grown]:
    """One layer's heads, from the first layer to the last."""
    task = load_task(model, 48)
    layers = task.backend.card.layers
    for layer in sorted({0, layers // 3, 2 * layers // 3, layers - 1}):
        yield _swept(task, f"the heads of layer {layer} of {layers}", [layer])


def with_layers() -> Iterator[Grown]:
    """All heads of random models of 6, 12 and 24 layers."""
    from transformers import LlamaConfig

    for layers in (6, 12, 24):
        config = LlamaConfig(
            vocab_size=1002, hidden_size=512, intermediate_size=1536, num_hidden_layers=layers,
            num_attention_heads=8, num_key_value_heads=8, head_dim=64, max_position_embeddings=256,
        )  # fmt: skip
        task = Task(random_model(config, f"random-{layers}"), patterned(48))
        yield _swept(task, f"{layers} random layers, all heads", range(layers))


def _swept(task: Task, name: str, layers: Container[int]) -> Grown:
    under = [Ablation((head,)) for head in task.heads() if head.layer in layers]
    engine = Executor(task.backend)
    engine.run([Request(LogitDifference(), task.prompts)])  # the clean run, for checkpoints
    before, started = task.backend.blocks_run, engine.work
    requests = [Request(LogitDifference(), task.prompts, under=each) for each in under]
    seconds = _seconds(lambda: engine.run(requests))
    return Grown(name, seconds, task.backend.blocks_run - before, engine.work - started)


def _seconds(what: Callable[[], object]) -> float:
    started = time.perf_counter()
    what()
    return time.perf_counter() - started
