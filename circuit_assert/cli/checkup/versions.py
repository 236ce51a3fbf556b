"""The packages that are needed, and those that add something."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib import metadata
from typing import TYPE_CHECKING

from circuit_assert.cli.checkup import Check

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_ADDS = {
    "gguf": "the models of `circuit-assert models` cannot be converted",
    "counterexamples": "`falsify` and `find_counterexample` do not work",
    "xdist": "tests run one after the other (-n)",
    "scores": "--claims-scores does not work",
    "figures": "`evidence.plot()` and the figures of the docs cannot be drawn",
}
"""Extra → what does not work without it; the others are for the developers of the package."""


def versions_checked(
    requires: list[str] | None = None, python: str | None = None
) -> Iterator[Check]:
    """A check for Python, each package that is needed, and each extra.

    Args:
        requires: As in the metadata of the package; its own by default.
        python: Which Pythons it runs on, likewise.
    """
    from packaging.requirements import Requirement

    yield _python(python or metadata.metadata("circuit-assert")["Requires-Python"])
    for said in requires or metadata.requires("circuit-assert") or []:
        requirement = Requirement(said)
        extra = next((e for e in _ADDS if _is_for(requirement, e)), None)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield _needed(requirement)
        elif extra is not None:
            yield _wanted(requirement, extra)


def _is_for(requirement: Requirement, extra: str) -> bool:
    marker = requirement.marker
    return marker is not None and marker.evaluate({"extra": extra})


def _python(needed: str) -> Check:
    from packaging.specifiers import SpecifierSet

    version = platform.python_version()
    if SpecifierSet(needed).contains(version, prereleases=True):
        return Check("fine", f"python {version}")
    return Check("broken", f"python {version}: {needed} is needed")


def _needed(requirement: Requirement) -> Check:
    problem = _problem(requirement)
    if problem is None:
        return Check("fine", f"{requirement.name} {metadata.version(requirement.name)}")
    wanted = f"{requirement.name}{requirement.specifier}"
    return Check("broken", f"{requirement.name} {problem}: pip install '{wanted}'")


def _wanted(requirement: Requirement, extra: str) -> Check:
    problem = _problem(requirement)
    if problem is None:
        return Check("fine", f"{requirement.name} {metadata.version(requirement.name)}")
    install = f"pip install 'circuit-assert[{extra}]'"
    return Check("note", f"{requirement.name} {problem}: {_ADDS[extra]}; {install}")


def _problem(requirement: Requirement) -> str | None:
    try:
        version = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return "is not installed"
    if requirement.specifier.contains(version, prereleases=True):
        return None
    return f"{version} is not {requirement.specifier}"
