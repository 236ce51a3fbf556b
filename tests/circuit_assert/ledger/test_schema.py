"""The format's documentation is what the records say of themselves."""

import json
from pathlib import Path

import jsonschema
import pytest

from circuit_assert.ledger import ClaimRecord, as_dict
from circuit_assert.ledger.__main__ import page, schema
from circuit_assert.ledger.schema import BESIDE, LINES, PARTS, documented, json_schema

DOCS = Path(__file__).parents[3] / "docs"
PAGE = page()
VALID = jsonschema.Draft202012Validator(json_schema())


def test_the_page_is_what_the_records_say():
    assert (DOCS / "ledger.md").read_text() == PAGE, (
        "write it anew: python -m circuit_assert.ledger > docs/ledger.md"
    )


def test_the_schema_is_what_the_records_say():
    assert (DOCS / "ledger.schema.json").read_text() == schema(), (
        "write it anew: python -m circuit_assert.ledger --schema > docs/ledger.schema.json"
    )


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("record", [*LINES, *PARTS, *BESIDE], ids=lambda r: r.__name__)
def test_every_field_is_documented_in_the_page(record):
    for each in documented(record):
        assert each.words
        assert f"| `{each.name}`" in PAGE


def test_every_kind_of_line_is_documented():
    from circuit_assert.ledger import records

    assert {each.kind for each in (*LINES, *BESIDE)} == set(vars(records)["_KINDS"])


CLAIM = as_dict(ClaimRecord(claim_id="a", nodeid="b"))


@pytest.mark.parametrize(
    "line",
    [
        {},
        {**CLAIM, "line": "12"},
        {**CLAIM, "findings": [{"effect": 1.0}]},
        {**CLAIM, "findings": [{"name": "x", "cluster_means": {"seed": [1.0]}}]},
        {name: value for name, value in CLAIM.items() if name != "nodeid"},
        {"record": "assertion", "claim_id": "a", "nodeid": "b", "polarity": "perhaps"},
    ],
)
def test_what_is_no_line_is_refused(line):
    assert list(VALID.iter_errors(line))


@pytest.mark.parametrize("line", [CLAIM, {**CLAIM, "new": [1]}, {"record": "dream", "of": "it"}])
def test_what_a_later_version_writes_is_none_of_its_business(line):
    assert not list(VALID.iter_errors(line))


def test_a_field_that_json_has_not_is_refused():
    from circuit_assert.ledger import schema as module

    with pytest.raises(TypeError, match="JSON has no such thing"):
        vars(module)["_schema"](set[int])


def test_the_old_file_is_valid_too():
    for line in (Path(__file__).parent / "schema_1.jsonl").read_text().splitlines():
        assert not list(VALID.iter_errors(json.loads(line)))
