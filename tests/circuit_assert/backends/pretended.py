"""Devices that are not there: tensors on them compute on the CPU, and never meet another's.

A tensor on "pretend:0" is a wrapper around one on the CPU. Every operation is seen on its way to
torch's kernels: where tensors of two devices meet, it fails as it would on two GPUs. Numbers are
the CPU's, so that what is right is equal to a run on the CPU, bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

NAME = "pretend"
_count = [0]  # how many there are: outside of `pretending`, a process has none
_aten = torch.ops.aten
_MOVES = {_aten._to_copy.default, _aten.copy_.default}
_BY_INDEX = {_aten.index.Tensor, _aten.index_put_.default, _aten.index_put.default}


class Module:
    """What torch wants of a kind of device."""

    def is_initialized(self):
        return True

    def is_available(self):
        return _count[0] > 0

    def current_device(self):
        return 0

    def device_count(self):
        return _count[0]

    def _is_in_bad_fork(self):
        return False

    def manual_seed_all(self, seed):
        pass

    def get_amp_supported_dtype(self):
        return [torch.bfloat16, torch.float16]

    def empty_cache(self):
        pass

    def set_device(self, device):
        pass

    def get_rng_state(self, device=None):
        return torch.get_rng_state()

    def set_rng_state(self, state, device=None):
        pass


class Hook(torch._C._acc.PrivateUse1Hooks):
    """The same, for torch's own code."""

    def is_available(self):
        return _count[0] > 0

    def has_primary_context(self, number):
        return True

    def is_built(self):
        return True


def register() -> None:
    """Make the kind of device known to torch, once in a process."""
    if not hasattr(torch, NAME):
        _setup_privateuseone_for_python_backend(NAME, backend_module=Module(), hook=Hook())


class There(torch.Tensor):
    """A tensor on a device that is not there."""

    @staticmethod
    def __new__(cls, inner, device):
        return torch.Tensor._make_wrapper_subclass(
            cls,
            inner.size(),
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=device,
        )

    def __init__(self, inner, device):
        self.inner = inner

    def __repr__(self):
        return f"There({self.inner!r}, {self.device})"

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        return dispatched(function, args, kwargs or {})


def dispatched(function: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """What torch's kernel gives, on the device that its tensors are on."""
    tensors = [each for each in tree_flatten((args, named))[0] if isinstance(each, torch.Tensor)]
    asked = named.get("device")
    asked = None if asked is None else torch.device(asked)
    if function not in _MOVES:
        _refuse_mixing(function, args, tensors)
    where = asked or _where(function, args, tensors)
    inner = tree_map(lambda each: each.inner if isinstance(each, There) else each, (args, named))
    if asked is not None and asked.type == NAME:
        inner[1]["device"] = torch.device("cpu")
    made = function(*inner[0], **inner[1])
    if function._schema.is_mutable and _changes_its_first(function):
        return args[0]
    if where.type != NAME:
        return made
    return tree_map(lambda each: There(each, where) if type(each) is torch.Tensor else each, made)


def _changes_its_first(function: Any) -> bool:
    first = function._schema.arguments[0]
    return first.alias_info is not None and first.alias_info.is_write


def _where(function: Any, args: tuple[Any, ...], tensors: list[torch.Tensor]) -> torch.device:
    if function is _aten.copy_.default:
        return args[0].device
    there = [each.device for each in tensors if each.device.type == NAME]
    return there[0] if there else torch.device("cpu")


def _refuse_mixing(function: Any, args: tuple[Any, ...], tensors: list[torch.Tensor]) -> None:
    """As CUDA does it: numbers from the CPU may join, and indices from it may pick."""
    picked = args[1] if function in _BY_INDEX else ()
    indices = {id(each) for each in picked if each is not None and each.device.type == "cpu"}
    met = {each.device for each in tensors if id(each) not in indices}
    if len(met) > 1:
        met -= {torch.device("cpu")} if _only_numbers_on_the_cpu(tensors, indices) else set()
    if len(met) > 1:
        said = " and ".join(sorted(map(str, met)))
        raise RuntimeError(f"Expected all tensors to be on the same device: {function}: {said}")


def _only_numbers_on_the_cpu(tensors: list[torch.Tensor], indices: set[int]) -> bool:
    return all(
        each.ndim == 0 for each in tensors if each.device.type == "cpu" and id(each) not in indices
    )


class _Seen(TorchDispatchMode):
    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        return dispatched(function, args, kwargs or {})


class _Made(TorchFunctionMode):
    """What torch makes without asking its kernels: tensors of Python numbers, addresses."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        named = dict(kwargs or {})
        makes = function in {torch.tensor, torch.as_tensor}
        if makes and torch.device(named.get("device") or "cpu").type == NAME:
            return function(*args, **{**named, "device": "cpu"}).to(named["device"])
        if function in _INDEXING and isinstance(args[0], There):
            return function(args[0], _with_tensors(args[1]), *args[2:])
        if function is torch.Tensor.data_ptr and isinstance(args[0], There):
            return args[0].inner.data_ptr()
        return function(*args, **named)


_INDEXING = {torch.Tensor.__getitem__, torch.Tensor.__setitem__}


def _with_tensors(index: Any) -> Any:
    """Lists of places as tensors, which torch would make of them out of sight."""
    if isinstance(index, tuple):
        return tuple(map(_with_tensors, index))
    return torch.tensor(list(index)) if isinstance(index, list | range) else index


@contextmanager
def pretending() -> Iterator[None]:
    """While it lasts, devices that are not there can be used."""
    register()
    _count[0] = 2
    try:
        with _Made(), _Seen():
            yield
    finally:
        _count[0] = 0


def spread(model: torch.nn.Module, places: dict[str, str]) -> torch.nn.Module:
    """The same model, parts of it on devices that are not there, with accelerate's hooks.

    Args:
        model: As transformers makes it.
        places: Name of a module → device; every weight is in one of these.
    """
    from accelerate import dispatch_model

    moved: dict[int, torch.nn.Parameter] = {}
    for name, place in places.items():
        for module in model.get_submodule(name).modules():
            _move(module, torch.device(place), moved)
    return dispatch_model(model, places, main_device=next(iter(places.values())), force_hooks=True)


def _move(module: torch.nn.Module, place: torch.device, moved: dict[int, Any]) -> None:
    for name, parameter in list(module._parameters.items()):
        if parameter is not None and not isinstance(parameter, There):
            if id(parameter) not in moved:
                there = There(parameter.detach(), place)
                moved[id(parameter)] = torch.nn.Parameter(there, requires_grad=False)
            module._parameters[name] = moved[id(parameter)]
    for name, buffer in list(module._buffers.items()):
        if buffer is not None and not isinstance(buffer, There):
            module._buffers[name] = There(buffer, place)
