"""What GitHub's runners read: annotations at the user's lines."""

from collections import Counter
from pathlib import PurePosixPath

from circuit_assert.reporting.claimed import Claimed, Results, count
from circuit_assert.reporting.columns import cut, visible
from circuit_assert.reporting.order import failing_tests, measured, region

MOST = 10
"""GitHub shows no more annotations of a kind from one step."""
SUMMARY_BYTES = 1_000_000
"""GitHub drops a step summary above 1 MiB."""
_LONGEST = 300


def annotations(results: Results, *, folder: str = "") -> list[str]:
    """Commands to GitHub's runner, a line each.

    An error for each claim of which something is asserted that does not hold, a warning for each
    that is inconclusive, a notice for each reason for which tests did not run. At most ten of a
    kind; the last then says how many more there are.

    Args:
        results: Of a run.
        folder: From the root of the repository to that of the tests, where they are not the same.
    """
    refuted = [_annotation("error", claim, folder) for claim in results.refuted]
    undecided = [_annotation("warning", claim, folder) for claim in results.undecided]
    return [
        *_at_most_ten("error", refuted, "do not hold"),
        *_at_most_ten("warning", undecided, "are inconclusive"),
        *_at_most_ten("notice", _absent(results), "are not run"),
    ]


def _at_most_ten(kind: str, lines: list[str], do: str) -> list[str]:
    if len(lines) <= MOST:
        return lines
    more = len(lines) - MOST + 1
    return [*lines[: MOST - 1], _command(kind, f"… and {more} more {do}: see the log.")]


def _annotation(kind: str, claim: Claimed, folder: str) -> str:
    record = claim.record
    where: dict[str, str] = {}
    if record.file:
        where["file"] = str(PurePosixPath(folder) / PurePosixPath(record.file.replace("\\", "/")))
        if record.line is not None:
            where["line"] = str(record.line)
    where["title"] = cut(visible(f"{record.words}: {record.verdict}"), 120)
    numbers = ", ".join(filter(None, (measured(claim), region(claim))))
    said = [f"{record.sentence}: {record.verdict}", numbers, record.reason]
    said.append(f"in {', '.join(failing_tests(claim)[:3])}; claim {record.claim_id}")
    text = "\n".join(cut(visible(each), _LONGEST) for each in said if each)
    return _command(kind, text, **where)


def _absent(results: Results) -> list[str]:
    reasons = Counter(each.reason for each in results.not_run)
    return [
        _command("notice", f"{count(many, 'test')} of claims not run: {visible(reason)}")
        for reason, many in reasons.most_common()
    ]


def _command(kind: str, text: str, **properties: str) -> str:
    given = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind}{' ' if given else ''}{given}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
