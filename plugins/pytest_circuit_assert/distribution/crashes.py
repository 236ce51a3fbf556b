"""Why a worker died, as far as its process tells."""

from __future__ import annotations

import signal
import subprocess
from typing import Any

_WORDS = {
    "SIGKILL": "often the kernel, when memory runs out",
    "SIGABRT": "as after a failed assertion in CUDA or C++",
    "SIGSEGV": "a fault in compiled code",
    "SIGBUS": "as when a mapped file is cut off or a disk is full",
    "SIGTERM": "somebody or something asked it to stop",
}


def reason(node: Any) -> str:  # noqa: ANN401 - xdist's
    """What became of a worker's process, in words.

    Args:
        node: xdist's controller of the worker.
    """
    process = getattr(getattr(node.gateway, "_io", None), "popen", None)
    if process is None:
        return "lost its connection"
    try:
        status = process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        return "stopped answering"
    if status >= 0:
        return f"ended with exit status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        return f"was killed by signal {-status}"
    return f"was killed by {name}" + (f" ({_WORDS[name]})" if name in _WORDS else "")
