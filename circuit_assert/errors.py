"""Every exception of circuit-assert, and its warning: what was wrong, what expected, a way on."""

from __future__ import annotations


class CircuitAssertError(Exception):
    """Base of every error that circuit-assert raises on purpose."""


class ComponentError(CircuitAssertError, ValueError):
    """The model has no such head, neuron, layer or site, or the address cannot be read."""


class PromptError(CircuitAssertError, ValueError):
    """A prompt set is empty, lacks cluster ids, or mixes what must not be mixed."""


class TokenError(PromptError):
    """A prompt does not fit this model's tokenizer: a word of two tokens, answer equal to foil."""


class ClaimError(CircuitAssertError, ValueError):
    """A claim is not well formed: a missing `by=`, components of two models, an empty set."""


class ModelError(CircuitAssertError):
    """A model could not be named, found, loaded, or trusted."""


class UnknownModelError(ModelError, LookupError):
    """No zoo model, folder, or cached hub model has this name."""


class ModelFetchError(ModelError):
    """A model's files could not be fetched: no network, no such package, no space."""


class ChecksumError(ModelFetchError):
    """Fetched files differ from the published checksum; they are not used."""


class ModelValidationError(ModelError):
    """A loaded model fails a check at load: NaN weights, attention rows not summing to one."""


class ExecutionError(CircuitAssertError, RuntimeError):
    """A run of the model failed; the traceback's text is in the notes, its tensors are not."""


class HookError(ExecutionError):
    """A hook did not fire, or an intervention changed nothing: no effect was measured."""


class DiscoveryWarning(UserWarning):
    """A claim is tested on the prompts on which its component was found."""


class SlowerWarning(UserWarning):
    """The engine cannot use one of its shortcuts on a model: slower, with the same results."""


class Inconclusive(Exception):  # noqa: N818 - an outcome with a name, as Skipped is in pytest
    """The evidence neither supports nor refutes the claim, so it has no truth value."""
