"""What a run leaves for CI: GitHub's summary and annotations, JUnit, pytest-html."""

import html
import json
import re
from xml.etree import ElementTree

import pytest

PYTEST_HTML = ("-p", "metadata", "-p", "html", "-p", "html_fixtures")
HOSTILE = """
    import pytest
    from circuit_assert import claim, contrast, prefix_matching_score, repeated_tokens

    @claim("{head} <script>alert(1)</script> | `x` \\x1b[31m\\x00 & {weight}\\n::error::no")
    def steers(head, weight):
        return contrast(prefix_matching_score(head), versus=0.0, on=repeated_tokens(), by=0.1)

    @pytest.mark.parametrize("name", ["<b>|`\\x1b[31m"])
    def test_it(tiny, name):
        assert steers(tiny["L0H0"], 0)
"""


@pytest.fixture
def github(suite, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    path = suite.path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    return path


def commands(result):
    return [line for line in result.outlines if line.startswith("::")]


def test_in_githubs_runners_the_summary_is_appended_and_lines_are_annotated(suite, github):
    github.write_text("written before\n")
    result = suite.run(suite.mixed)
    error, warning = commands(result)
    assert error.startswith(
        "::error file=test_suite.py,line=11,title=L0H2 weighs 0%3A refuted::"
        "L0H2 weighs 0 in tiny: refuted%0A"
    )
    assert warning.startswith("::warning file=test_suite.py,line=14,title=L0H3 weighs 1%3A incon")
    made = github.read_text()
    assert made.startswith("written before\n## Circuit claims: 2 of 5 assertions hold")
    assert "### ✗ Does not hold (1)" in made
    assert ", cpu, float32, α = 0.01, seed 0" in made
    suite.run(suite.mixed)
    assert github.read_text().count("## Circuit claims") == 2


@pytest.mark.parametrize(
    "case",
    [
        ("true", (), True),
        ("", (), False),
        ("", ("--claims-github=always",), True),
        ("true", ("--claims-github=never",), False),
    ],
)
def test_when_they_are_written(suite, github, monkeypatch, case):
    actions, options, written = case
    monkeypatch.setenv("GITHUB_ACTIONS", actions)
    result = suite.run(suite.mixed, *options)
    assert bool(commands(result)) == written
    assert github.exists() == written


def test_the_configuration_file_says_it_too(suite, github):
    suite.configure(claims_github="never")
    assert not commands(suite.run(suite.mixed))


def test_without_claims_nothing_is_written(suite, github):
    assert not commands(suite.run("def test_nothing(): assert 0"))
    assert not github.exists()


def test_annotations_without_a_summary_file(suite, monkeypatch):
    assert len(commands(suite.run(suite.mixed, "--claims-github=always"))) == 2


def test_a_summary_that_cannot_be_written_is_said_and_loses_no_run(suite, github):
    github.mkdir()
    result = suite.run(suite.mixed)
    assert "GitHub's step summary is not written: [Errno 21]" in result.stdout.str()
    assert result.ret == 1


def test_a_summary_stays_below_what_github_takes(suite, github):
    github.write_text("x" * 998_500)
    suite.run(suite.mixed)
    assert 998_500 < github.stat().st_size <= 1_000_000
    github.write_text("x" * 999_500)
    assert "has 999,500 bytes already" in suite.run(suite.mixed).stdout.str()
    assert github.stat().st_size == 999_500


def test_files_are_seen_from_the_checkout(suite, github, monkeypatch):
    monkeypatch.setenv("GITHUB_WORKSPACE", str(suite.path.parent))
    (error, _) = commands(suite.run(suite.mixed))
    assert f"file={suite.path.name}/test_suite.py,line=11," in error


def test_hostile_claims_do_no_harm(suite, github):
    result = suite.run(HOSTILE, "--junit-xml=out.xml", "--tb=no")
    (error,) = commands(result)
    assert error.isprintable()
    table = "\n".join(suite.between(result, "= claims =", "Ledger"))
    assert "\\x1b[31m" in table
    assert "\x1b[31m" not in table
    evidence = "\n".join(
        suite.between(suite.run(HOSTILE, "--tb=line"), "claim evidence", "promise")
    )
    assert "REFUTED" in evidence
    assert not re.search(r"\x1b|^\s*::", evidence, re.MULTILINE)
    assert "<script>" not in github.read_text()
    root = ElementTree.parse(suite.path / "out.xml").getroot()  # noqa: S314 - our own
    (value,) = [each.attrib["value"] for each in root.iter("property")]
    assert value.startswith("L0H0 <script>alert(1)</script> | `x` #x1B[31m#x00 & 0")
    assert "refuted; +0.790" in value


def test_under_xdist_the_controller_writes_once_and_pytest_html_has_verdicts(suite, github):
    options = ("--html=out.html", "--self-contained-html", "-n", "2")
    result = suite.run_apart(suite.mixed, *PYTEST_HTML, *options)
    assert len(commands(result)) == 2
    assert github.read_text().count("## Circuit claims") == 1
    assert "INTERNALERROR" not in result.stdout.str()
    rows = rows_of(suite.path / "out.html")
    assert len(rows) == 5
    assert {
        name.split("test_")[-1]: row[0]["resultsTableRow"][1] for name, row in rows.items()
    } == {
        "supported": '<td class="col-claims">✓ supported</td>',
        "denied": '<td class="col-claims">✗ refuted</td>',
        "refuted": '<td class="col-claims">✗ refuted</td>',
        "inconclusive": '<td class="col-claims">? inconclusive</td>',
        "open": '<td class="col-claims">? inconclusive</td>',
    }
    (row,) = rows["test_suite.py::test_supported"]
    (extra,) = row["extras"]
    assert "L0H0 weighs 2 in tiny: SUPPORTED" in extra["content"]


def test_pytest_html_gets_what_is_hostile_escaped(suite):
    suite.run_apart(HOSTILE, *PYTEST_HTML, "--html=out.html", "--self-contained-html")
    ((row,),) = rows_of(suite.path / "out.html").values()
    (extra,) = row["extras"]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in extra["content"]
    assert "<script>" not in extra["content"]


def rows_of(path):
    """What pytest-html has kept of each test, by name."""
    kept = re.search(r'data-jsonblob="(.*?)"', path.read_text(), re.DOTALL)
    assert kept is not None
    return json.loads(html.unescape(kept[1]))["tests"]
