"""Markers: which tests are about claims, which claims are open, and what a test needs."""

from __future__ import annotations

import functools
import os
import urllib.error
import urllib.request
from pathlib import Path

import pytest

MARKERS = (
    "claim(*tags): a test of claims. Every test that uses a model handle has it, for -m claim; "
    "tags go into the ledger.",
    "open_claim(reason): the claims of the test are not settled: an inconclusive one does not "
    "fail the run, and the run says so when it settles.",
    "no_rehearsal: the test is not called beforehand to learn its claims; each is measured when it "
    "is asked for.",
    "needs_gpu: the test does not run, and is listed as not run, without a GPU.",
    "needs_hub(*models): the test does not run, and is listed as not run, when these models are "
    "not in the hub's cache, without asking the hub; without names, when the hub is out of reach.",
    "needs_folder(*folders, made_by): the test does not run, and is listed as not run, when there "
    "is no model in these folders; the command that makes them is said.",
)
NOT_RUN = pytest.StashKey[str]()
_HUB = "https://huggingface.co"


def register(config: pytest.Config) -> None:
    """Make the markers known."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


def is_about_claims(item: pytest.Item) -> bool:
    """Whether a test uses a model handle."""
    return "claims_session" in getattr(item, "fixturenames", ())


def reason_open(item: pytest.Item) -> str | None:
    """Why the test's claims are open; None when they are not.

    Raises:
        pytest.UsageError: when the marker gives no reason.
    """
    marker = item.get_closest_marker("open_claim")
    if marker is None:
        return None
    reason = marker.kwargs.get("reason", marker.args[0] if marker.args else "")
    if not isinstance(reason, str) or not reason.strip():
        raise pytest.UsageError(
            f"{item.nodeid}: open_claim needs a reason, as in "
            '@pytest.mark.open_claim("too few templates to tell").'
        )
    return reason


def tags_of(item: pytest.Item) -> tuple[str, ...]:
    """What the test's `claim` markers say, the farthest first."""
    marked = reversed(list(item.iter_markers("claim")))
    return tuple(dict.fromkeys(str(tag) for marker in marked for tag in marker.args))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that use a model handle; refuse open claims without a reason."""
    for item in items:
        reason_open(item)
        if is_about_claims(item):
            item.add_marker("claim")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what cannot run here; the report says why."""
    missing = missing_for(item)
    if missing is not None:
        item.stash[NOT_RUN] = missing
        pytest.skip(missing)


def missing_for(item: pytest.Item) -> str | None:
    """What a test needs that is not here; None when it can run."""
    missing = None
    if item.get_closest_marker("needs_gpu") is not None:
        missing = without_gpu()
    for marker in item.iter_markers("needs_hub"):
        missing = missing or (_not_at_hand(marker.args) if marker.args else _without_hub())
    for marker in item.iter_markers("needs_folder"):
        missing = missing or _not_made(item, marker)
    return missing


def pytest_make_parametrize_id(val: object) -> str | None:
    """Components as the papers write them: `test_head[L5H1]`."""
    kind = type(val)
    if kind.__module__ == "circuit_assert.components":
        return str(val)
    return None


def without_gpu() -> str | None:
    """What is missing where torch finds no GPU; None where it finds one."""
    import torch

    if torch.cuda.is_available():
        return None
    return "needs a GPU, and torch finds none"


@functools.cache
def _not_at_hand(models: tuple[str, ...]) -> str | None:
    from circuit_assert.models.hub import at_hand
    from circuit_assert.models.spec import with_revision

    absent = [name for name in models if not at_hand(*with_revision(name))]
    if not absent:
        return None
    commands = " and ".join(f"`hf download {_on_a_command_line(name)}`" for name in absent)
    return f"needs {' and '.join(absent)} of the model hub, not in the cache here: {commands}"


def _on_a_command_line(name: str) -> str:
    return name.replace("@", " --revision ")


def _not_made(item: pytest.Item, marker: pytest.Mark) -> str | None:
    """Which folders have no model in them yet, and what makes them.

    Raises:
        pytest.UsageError: when the marker names no folder or no command.
    """
    from circuit_assert.models.folder import problems

    command = marker.kwargs.get("made_by", "")
    if not marker.args or not command:
        raise pytest.UsageError(
            f"{item.nodeid}: needs_folder names folders and the command that makes them, as in "
            '@pytest.mark.needs_folder("/data/model", made_by="make checkpoints").'
        )
    absent = [str(each) for each in marker.args if problems(Path(each).expanduser())]
    if not absent:
        return None
    more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
    return f"needs `{command}` first: there is no model in {absent[0]}{more}"


@functools.cache
def _without_hub() -> str | None:
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        if os.environ.get(name, "0").lower() not in ("", "0", "false", "no", "off"):
            return f"needs the model hub, and {name} is set"
    address = os.environ.get("HF_ENDPOINT", _HUB)
    if not address.startswith(("https://", "http://")):
        return f"needs the model hub, and HF_ENDPOINT is {address!r}, no web address"
    asked = urllib.request.Request(address, method="HEAD")  # noqa: S310 - checked just above
    try:
        urllib.request.urlopen(asked, timeout=5).close()  # noqa: S310
    except urllib.error.HTTPError:
        return None  # an answer all the same
    except (OSError, ValueError) as problem:
        return f"needs the model hub, and {address} is out of reach ({problem})"
    return None
