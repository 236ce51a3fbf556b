"""What a run says of its claims."""

import unicodedata


def columns(line):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


def test_the_header_is_there_when_claims_are(suite):
    result = suite.run(suite.mixed, "--claims-false-pass-rate=0.02")
    result.stdout.fnmatch_lines(
        ["claims: cpu, float32, α = 0.02, seed 0; circuit-assert 0.1.0, torch *"]
    )
    result = suite.run("def test_nothing(): pass")
    assert "claims: " not in result.stdout.str()
    assert "= claims =" not in result.stdout.str()


def test_another_seed_says_that_it_is_a_rerun(suite):
    result = suite.run(suite.mixed, "--claims-seed=3")
    result.stdout.fnmatch_lines(["claims: with seed 3 this run is a rerun of those with seed 0*"])
    assert "rerun of those" not in suite.run(suite.mixed).stdout.str()


def test_the_table_and_its_totals(suite):
    result = suite.run(suite.mixed)
    table = suite.between(result, "= claims =", "short test summary")
    assert table[1] == "tiny (weights ffffffffffff, float32, cpu)"
    standing = {line[16:20]: line.split()[-1] for line in table if " weighs " in line}
    assert standing == {
        "L0H0": "holds",
        "L0H1": "holds",
        "L0H2": "fails",
        "L0H3": "–",
        "L1H0": "open",
    }
    said = " ".join(table)
    assert "2 of 5 assertions hold, 2 inconclusive (1 open)." in said
    assert "At most 0.01 × 5 = 0.05 false supports expected. 5 runs." in said
    assert "Holm: 1 of 1 supported claim stands at a rate of 0.01" in said
    assert any(line.startswith("Ledger: .claims/runs/") for line in table)
    assert all(columns(line) <= 100 for line in table)


def test_verbose_shows_adjusted_p_values(suite):
    assert "p 0.005" in suite.run(suite.mixed, "-v").stdout.str()
    assert "p 0.005" not in suite.run(suite.mixed).stdout.str()


def test_colour_only_adds_to_what_is_said(suite):
    import re

    plain = suite.between(suite.run(suite.mixed), "= claims =", "Ledger")
    coloured = suite.between(suite.run(suite.mixed, "--color=yes"), "= claims =", "Ledger")
    assert any("\x1b[31m" in line for line in coloured)
    assert any("\x1b[33m" in line for line in coloured)
    assert [re.sub(r"\x1b\[\d+m", "", line) for line in coloured[1:]] == plain[1:]


def test_it_works_without_a_terminal_reporter(suite):
    result = suite.run(suite.mixed, "-p", "no:terminal")
    assert result.ret == 1
    assert len(suite.ledger.claims) == 5


def test_it_works_without_capture_and_cache(suite):
    result = suite.run(suite.mixed, "-p", "no:cacheprovider", "-s", "-k", "supported or denied")
    assert result.parseoutcomes() == {"passed": 2, "deselected": 3}
