"""The example of docs/reports.md, and that its pictures are those that the command takes."""

import json
import re
from pathlib import Path

from benchmarks.screenshots.__main__ import DOCS, PICTURES
from benchmarks.screenshots.example import trim
from circuit_assert.ledger import read_folder

EXAMPLE = DOCS / "example-ledger"


def test_every_picture_is_there_and_shown():
    files = {file.name: file.stat().st_size for file in DOCS.glob("report-*.png")}
    assert set(files) == {f"report-{picture.name}.png" for picture in PICTURES}
    assert max(files.values()) < 200_000
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", (DOCS / "reports.md").read_text())
    assert set(shown) <= set(files)
    assert len(shown) >= 4
    assert {picture.theme for picture in PICTURES} == {"light", "dark"}


def test_the_example_is_small_and_says_nothing_of_the_machine():
    text = "".join(path.read_text() for path in EXAMPLE.iterdir())
    assert len(text.encode()) < 300_000
    assert not re.search(r'"(/|[^"]*=/)', text)
    assert {claim.model for ledger in read_folder(EXAMPLE) for claim in ledger.claims} == {
        "smollm2-135m-instruct",
        "gemma-3-270m",
    }


def test_trimming_keeps_the_first_claim_of_each_kind(tmp_path):
    runs, out = tmp_path / "runs", tmp_path / "out"
    runs.mkdir()
    run = {"record": "run", "started": "", "arguments": ["/x/hypotheses/a.py", "--y=/z"]}
    run |= {"options": {"ledger": "/x", "device": "cpu"}, "platform": "Linux-6.1-x"}
    given = [("a", "supported", "m"), ("b", "supported", "m"), ("c", "refuted", "m")]
    claims = [
        {"record": "claim", "claim_id": name, "claim_type": "t", "verdict": verdict, "model": model}
        | {"findings": [{"effect": 0.123456789}]}
        for name, verdict, model in [*given, ("d", "supported", "n")]
    ]
    ends = [{"record": "assertion", "claim_id": name} for name in "abcd"]
    lines = map(json.dumps, [run, *claims, *ends, {"record": "end"}])
    (runs / "20260101.jsonl").write_text("\n".join(lines) + "\n")
    trim(runs, out)
    kept = [json.loads(line) for line in Path(out / "run-1.jsonl").read_text().splitlines()]
    assert [each["claim_id"] for each in kept if "claim_id" in each] == list("acdacd")
    assert kept[0]["arguments"] == ["hypotheses/a.py"]
    assert (kept[0]["options"], kept[0]["platform"]) == ({"device": "cpu"}, "Linux")
    assert kept[1]["findings"] == [{"effect": 0.123457}]
    assert kept[-1] == {"record": "end"}
