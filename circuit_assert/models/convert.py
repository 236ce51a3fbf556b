"""GGUF → safetensors, once per model: five times faster to load ever after.

The conversion runs in a process of its own. Its memory (several times the model), its progress
bars and its warnings stay there, and it has no network: the Hugging Face libraries are told so
before they are imported.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path

from circuit_assert.errors import ModelError, ModelFetchError
from circuit_assert.models import child_process
from circuit_assert.models.progress import Tell

VERSION = 1
"""Raised when the converted files change: caches made by another version are not used."""

Converter = Callable[[Path, Path, Tell], None]
"""Reads a GGUF file, writes a model folder (safetensors, config, tokenizer), tells its stages."""

STAGE = "stage: "
ALONE = {
    "CUDA_VISIBLE_DEVICES": "",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "PYTHONWARNINGS": "ignore",
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_VERBOSITY": "error",
}


def convert(gguf: Path, folder: Path, tell: Tell) -> None:
    """Write the model and the tokenizer of a GGUF file to `folder`, in float32.

    Raises:
        ModelFetchError: when the package that reads GGUF is not installed.
        ModelError: when the conversion fails; with the last lines it printed.
    """
    if importlib.util.find_spec("gguf") is None:
        raise ModelFetchError(
            "Models of the zoo come as GGUF, and the package that reads it is not installed: "
            "run `pip install 'circuit-assert[gguf]'`. It is needed once per model."
        )
    finished = child_process.run(
        [sys.executable, "-m", __name__, str(gguf), str(folder)],
        environment={**ALONE, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        on_line=lambda line: tell(line.removeprefix(STAGE)) if line.startswith(STAGE) else None,
    )
    if finished.code:
        raise ModelError(_failure(gguf, finished))


def _failure(gguf: Path, finished: child_process.Finished) -> str:
    said = "\n".join(f"    {line}" for line in finished.tail)
    killed = finished.code == -9
    why = "it was killed, as when memory runs out" if killed else f"exit code {finished.code}"
    return f"{gguf.name} could not be converted to safetensors ({why}):\n{said}"


def _convert_here(gguf: Path, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source = {"gguf_file": gguf.name, "local_files_only": True}
    _say("converting the model")
    model = AutoModelForCausalLM.from_pretrained(gguf.parent, dtype=torch.float32, **source)
    _forget_quantization(model)
    _say("saving the model")
    model.save_pretrained(folder)
    del model
    _say("converting the tokenizer")
    AutoTokenizer.from_pretrained(gguf.parent, **source).save_pretrained(folder)


def _forget_quantization(model: object) -> None:
    """Clear the marks of GGUF, with which `save_pretrained` refuses a model that has none left."""
    vars(model.config).pop("quantization_config", None)  # type: ignore[attr-defined]
    model.is_quantized = False  # type: ignore[attr-defined]
    model.hf_quantizer = None  # type: ignore[attr-defined]


def _say(stage: str) -> None:
    print(f"{STAGE}{stage}", flush=True)


if __name__ == "__main__":
    _convert_here(Path(sys.argv[1]), Path(sys.argv[2]))
