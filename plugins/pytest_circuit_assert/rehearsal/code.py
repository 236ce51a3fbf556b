"""What a function's bytecode does besides computing; what is not known to be harmless is named.

This is a whitelist. An instruction of a Python that is not known here costs a rehearsal, no more.
"""

from __future__ import annotations

import dis
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR
from types import CodeType

_INSTRUCTIONS = """
    BINARY_OP BINARY_SLICE BINARY_SUBSCR BUILD_CONST_KEY_MAP BUILD_LIST BUILD_MAP BUILD_SET
    BUILD_SLICE BUILD_STRING BUILD_TUPLE CALL CALL_FUNCTION_EX CALL_INTRINSIC_1 CALL_KW COMPARE_OP
    CONTAINS_OP CONVERT_VALUE COPY COPY_FREE_VARS DELETE_FAST DICT_MERGE DICT_UPDATE END_FOR
    EXTENDED_ARG FORMAT_SIMPLE FORMAT_VALUE FORMAT_WITH_SPEC FOR_ITER GET_ITER IS_OP
    JUMP_BACKWARD JUMP_FORWARD JUMP_IF_FALSE_OR_POP JUMP_IF_TRUE_OR_POP KW_NAMES LIST_APPEND
    LIST_EXTEND LIST_TO_TUPLE LOAD_ASSERTION_ERROR LOAD_ATTR LOAD_CLOSURE LOAD_COMMON_CONSTANT
    LOAD_CONST LOAD_CONST_IMMORTAL LOAD_DEREF LOAD_FAST LOAD_FAST_AND_CLEAR LOAD_FAST_BORROW
    LOAD_FAST_BORROW_LOAD_FAST_BORROW LOAD_FAST_CHECK LOAD_FAST_LOAD_FAST LOAD_GLOBAL LOAD_METHOD
    LOAD_SMALL_INT MAKE_CELL MAKE_FUNCTION MAP_ADD NOP NOT_TAKEN POP_ITER
    POP_JUMP_BACKWARD_IF_FALSE POP_JUMP_BACKWARD_IF_NONE POP_JUMP_BACKWARD_IF_NOT_NONE
    POP_JUMP_BACKWARD_IF_TRUE POP_JUMP_FORWARD_IF_FALSE POP_JUMP_FORWARD_IF_NONE
    POP_JUMP_FORWARD_IF_NOT_NONE POP_JUMP_FORWARD_IF_TRUE POP_JUMP_IF_FALSE POP_JUMP_IF_NONE
    POP_JUMP_IF_NOT_NONE POP_JUMP_IF_TRUE POP_TOP PRECALL PUSH_NULL RAISE_VARARGS RERAISE RESUME
    RETURN_CONST RETURN_VALUE SET_ADD SET_FUNCTION_ATTRIBUTE SET_UPDATE STORE_DEREF STORE_FAST
    STORE_FAST_LOAD_FAST STORE_FAST_MAYBE_NULL STORE_FAST_STORE_FAST SWAP TO_BOOL UNARY_NEGATIVE
    UNARY_NOT UNARY_POSITIVE UNPACK_EX UNPACK_SEQUENCE
"""
_COMPUTES = frozenset(_INSTRUCTIONS.split())
_OF_GENERATOR_EXPRESSIONS = frozenset(["RETURN_GENERATOR", "YIELD_VALUE"])
_SAID = {
    "STORE_GLOBAL": "it stores to a global",
    "DELETE_GLOBAL": "it deletes a global",
    "STORE_ATTR": "it stores to an attribute",
    "DELETE_ATTR": "it deletes an attribute",
    "STORE_SUBSCR": "it stores into a container",
    "DELETE_SUBSCR": "it deletes from a container",
    "IMPORT_NAME": "it imports",
    "YIELD_VALUE": "it yields",
    "BEFORE_WITH": "it has a with block",
    "LOAD_SPECIAL": "it has a with block",
    "PUSH_EXC_INFO": "it handles exceptions",
    "LOAD_BUILD_CLASS": "it makes a class",
}
_NAMES = """
    name card head heads neuron direction site circuit ranking layers components each vector
    with_dictionary text corrupt answer foil positions language
    half where prompts lengths seed clusters fingerprint layer
    check verdict SUPPORTED REFUTED INCONCLUSIVE
    capitalize endswith format join lower lstrip removeprefix removesuffix rstrip split
    startswith strip title upper count get index items keys values
"""
ATTRIBUTES = frozenset(_NAMES.split())
"""Attributes that change nothing, of whatever a rehearsed function can get hold of.

`replace` is none of them: of a path, it moves a file.
"""
_OF_NO_MEANING = ("EXTENDED_ARG", "PUSH_NULL", "CACHE")
_REWRITTEN = ("@py", "@pytest")
"""How names begin that pytest's rewriting of assertions brings in."""


@dataclass(frozen=True)
class Taken:
    """Something that a function takes from its surroundings.

    Args:
        name: The global's.
        attribute: What it takes of it at once; empty when it takes the whole.
    """

    name: str
    attribute: str = ""


def deed(code: CodeType) -> str | None:
    """The first thing that it does besides computing; None when there is none."""
    if code.co_flags & (CO_COROUTINE | CO_ASYNC_GENERATOR):
        return "it is asynchronous"
    if code.co_flags & CO_GENERATOR and code.co_name != "<genexpr>":
        return "it yields"
    found = (_deed(code, *steps) for steps in _steps(code))
    inner = (deed(each) for each in _within(code))
    return next(filter(None, (*found, *inner)), None)


def taken(code: CodeType) -> Iterator[Taken]:
    """The globals that it uses, and what of them."""
    for _, step, after in _steps(code):
        if step.opname == "LOAD_GLOBAL" and not step.argval.startswith(_REWRITTEN):
            yield Taken(step.argval, after.argval if _is_attribute(after) else "")
    for each in _within(code):
        yield from taken(each)


def uses(code: CodeType, variable: str) -> bool:
    """Whether it reads a variable of its own, as `self`."""
    return any(
        step.opname != "MAKE_CELL"
        and (step.argval == variable or (type(step.argval) is tuple and variable in step.argval))
        and step.opname != "LOAD_CONST"
        for _, step, _ in _steps(code)
    )


def _steps(code: CodeType) -> Iterator[tuple[dis.Instruction, dis.Instruction, dis.Instruction]]:
    """Each instruction between the one before it and the one after it; at an end, itself."""
    steps = [s for s in dis.get_instructions(code) if s.opname not in _OF_NO_MEANING]
    yield from zip([steps[0], *steps], steps, [*steps[1:], steps[-1]], strict=False)


def _within(code: CodeType) -> list[CodeType]:
    return [const for const in code.co_consts if isinstance(const, CodeType)]


def _deed(
    code: CodeType, before: dis.Instruction, step: dis.Instruction, after: dis.Instruction
) -> str | None:
    name = step.opname
    if code.co_name == "<genexpr>" and name in _OF_GENERATOR_EXPRESSIONS:
        return None
    if name not in _COMPUTES:
        return _SAID.get(name, f"it does what is not known to be harmless ({name})")
    if name == "BINARY_OP" and step.argrepr.endswith("="):
        return "it changes a value in place"
    if name == "STORE_DEREF" and step.argval in code.co_freevars:
        return "it stores to a variable outside"
    if not _is_attribute(step) or step.argval in ATTRIBUTES:
        return None
    if before.opname == "LOAD_GLOBAL" or _is_of_rewriting(before, step, after):
        return None  # what is taken of a global is looked at with the global
    return f"it uses .{step.argval}"


def _is_attribute(step: dis.Instruction) -> bool:
    return step.opname in ("LOAD_ATTR", "LOAD_METHOD")


def _is_of_rewriting(
    before: dis.Instruction, step: dis.Instruction, after: dis.Instruction
) -> bool:
    """Whether pytest's explanation of an assertion is being put together, in a list of its own."""
    wholes, parts = _last(before), _last(after)
    return (
        step.argval == "append"
        and wholes.startswith("@py_assert")
        and parts.startswith("@py_format")
    )


def _last(step: dis.Instruction) -> str:
    """The variable that an instruction loads last; some load two."""
    loaded = step.argval
    return str(loaded[-1] if type(loaded) is tuple and loaded else loaded)
