"""Where models can run, and as what their weights can be loaded."""

from __future__ import annotations

from collections.abc import Iterator

from circuit_assert.cli.checkup import Check
from circuit_assert.cli.disk import gigabytes

_DTYPES = ("float32", "bfloat16", "float16")


def devices_checked() -> Iterator[Check]:
    """A check for each device, and for those that are not there."""
    try:
        import torch
    except Exception as problem:
        yield Check("broken", f"torch cannot be imported: {type(problem).__name__}: {problem}")
        return
    threads = torch.get_num_threads()
    yield _device("cpu", f"cpu, {threads} thread{'s' * (threads != 1)}")
    if torch.backends.mps.is_available():
        yield _device("mps", "mps")
    for index in range(torch.cuda.device_count()):
        yield _device(f"cuda:{index}", _gpu(index))
    if not torch.cuda.is_available():
        build = torch.version.cuda
        why = "torch finds none" if build else f"torch {torch.__version__} is built without CUDA"
        yield Check("note", f"no CUDA GPU ({why}): tests marked needs_gpu are not run")


def _gpu(index: int) -> str:
    import torch

    free, total = torch.cuda.mem_get_info(index)
    name = torch.cuda.get_device_name(index)
    return f"cuda:{index}, {name}, {gigabytes(free)} of {gigabytes(total)} free"


def _device(device: str, said: str) -> Check:
    """Whether it multiplies matrices rightly, in each dtype; float32 is what claims default to."""
    failing = {dtype: problem for dtype in _DTYPES if (problem := multiplies(device, dtype))}
    able = [dtype for dtype in _DTYPES if dtype not in failing]
    said = f"{said}: {', '.join(able) or 'no dtype'}"
    said += "".join(f"; {dtype}: {problem}" for dtype, problem in failing.items())
    if "float32" in failing:
        return Check("broken", said)
    return Check("note" if failing else "fine", said)


def multiplies(device: str, dtype: str) -> str:
    """What is wrong with multiplying two matrices there; empty when nothing is.

    Args:
        device: As "cpu" or "cuda:0".
        dtype: As "bfloat16".
    """
    import torch

    try:
        ones = torch.ones(8, 8, dtype=getattr(torch, dtype), device=device)
        found = (ones @ ones).float().cpu()
    except Exception as problem:
        return f"{type(problem).__name__}: {str(problem).splitlines()[0]}"
    return "" if bool((found == 8).all()) else f"8 × 1 is {found.flatten()[0].item():g}"
