"""The report at the end of a run: complete, told of, and never in the way."""

import pytest

OUTCOMES = {"passed": 2, "failed": 1, "inconclusive": 1, "open": 1}


@pytest.mark.parametrize(
    "more", [(), ("-n2",), ("--claims-no-ledger",)], ids=["plain", "xdist", "no"]
)
def test_it_is_written_at_the_end(suite, more):
    result = suite.run(suite.mixed, "--claims-report=deep/out.html", *more)
    assert result.parseoutcomes() == OUTCOMES
    text = (suite.path / "deep" / "out.html").read_text()
    assert "2 of 5 assertions hold" in text
    for head in ("L0H0 weighs 2", "L0H1 weighs 0", "L1H0 weighs 1"):
        assert head in text
    assert "cut short" not in text
    assert "the scales are coarse" in text
    assert any(line.startswith("Report: ") for line in result.outlines)
    assert list((suite.path / "deep").iterdir()) == [suite.path / "deep" / "out.html"]


def test_none_is_written_unasked(suite):
    result = suite.run(suite.mixed)
    assert "Report" not in result.stdout.str()
    assert not list(suite.path.glob("**/*.html"))


def test_the_setting_is_seen_from_the_root(suite):
    suite.configure(claims_report="kept.html")
    suite.run(suite.mixed)
    assert (suite.path / "kept.html").exists()


def test_earlier_runs_tell_what_came_before(suite):
    suite.run(suite.mixed)
    (first,) = suite.files
    (first.parent / "00-broken.jsonl").write_text("{}\n[1\n{}\n")
    result = suite.run(suite.mixed, "-k", "supported", "--claims-report=out.html")
    text = (suite.path / "out.html").read_text()
    assert "Verdicts so far" in text
    assert "L0H0 weighs 2" in text
    assert "L0H1 weighs 0" not in text
    assert any(line.startswith("Report: ") for line in result.outlines)


def test_one_that_cannot_be_written_is_told_and_loses_nothing(suite):
    (suite.path / "taken").write_text("a file")
    result = suite.run(suite.mixed, "--claims-report=taken/out.html")
    assert result.parseoutcomes() == OUTCOMES
    said = " ".join(result.outlines)
    assert said.count("The report is not written: ") == 1
    assert "taken" in said
    assert suite.ledger.end is not None


def test_a_report_that_fails_loses_nothing(suite, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("no template")

    monkeypatch.setattr("circuit_assert.reporting.html.report", fail)
    result = suite.run(suite.mixed, "--claims-report=out.html")
    assert result.parseoutcomes() == OUTCOMES
    assert "The report is not written: RuntimeError: no template." in result.outlines
    assert suite.ledger.end is not None


def test_a_folder_is_no_file(suite):
    (suite.path / "out").mkdir()
    result = suite.run(suite.mixed, "--claims-report=out")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "--claims-report: out is a folder: write a file's name." in result.stderr.str()


def test_a_run_without_claims_has_none(suite):
    result = suite.run("def test_it(): pass", "--claims-report=out.html")
    assert "No report: this run judged no claim." in result.outlines
    assert not (suite.path / "out.html").exists()


def test_names_from_tests_are_text(suite):
    suite.run(
        """
        import pytest

        @pytest.mark.parametrize("x", ["<script>alert(1)</script>"])
        def test_it(tiny, weighs, x):
            assert weighs(tiny["L0H0"], 2)
        """,
        "--claims-report=out.html",
    )
    text = (suite.path / "out.html").read_text()
    assert "&lt;script&gt;alert(1)" in text.replace("<wbr>", "")
    assert text.count("<script") == 1
