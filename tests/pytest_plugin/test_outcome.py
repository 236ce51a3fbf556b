"""Inconclusive is an outcome of its own; an open claim does not fail; evidence is shown."""

import pytest

UNDECIDED = """
    def test_it(tiny, weighs):
        assert weighs(tiny["L0H0"], 1)

    def test_after(): pass
"""


def opened(body):
    return f"""
    import pytest

    @pytest.mark.open_claim("the scales are coarse")
    def test_it(tiny, weighs):
        {body}
    """


def test_each_outcome_has_its_word_and_letter(suite):
    result = suite.run(suite.mixed)
    assert result.parseoutcomes() == {"passed": 2, "failed": 1, "inconclusive": 1, "open": 1}
    result.stdout.fnmatch_lines(["test_suite.py ..F[?]o *"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result = suite.run(suite.mixed, "-v")
    result.stdout.fnmatch_lines(["*::test_inconclusive INCONCLUSIVE *", "*::test_open OPEN *"])


def test_inconclusive_fails_the_run_stops_it_and_is_run_again(suite):
    assert suite.run(UNDECIDED).ret == pytest.ExitCode.TESTS_FAILED
    assert suite.run(UNDECIDED, "-x").parseoutcomes() == {"inconclusive": 1}
    result = suite.run(UNDECIDED, "--lf")
    assert result.parseoutcomes() == {"inconclusive": 1}
    assert suite.run(UNDECIDED, "--sw").parseoutcomes() == {"inconclusive": 1}


def test_an_inconclusive_claim_is_no_expected_failure(suite):
    result = suite.run("import pytest\npytestmark = pytest.mark.xfail\n" + dedented(UNDECIDED))
    assert result.parseoutcomes() == {"inconclusive": 1, "xpassed": 1}
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def dedented(text):
    return "\n".join(line[4:] for line in text.splitlines())


def test_fail_on_refuted_lets_inconclusive_pass_and_refuted_not(suite):
    result = suite.run(UNDECIDED, "--claims-fail-on=refuted", "-v")
    assert result.parseoutcomes() == {"inconclusive": 1, "passed": 1}
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["*::test_it INCONCLUSIVE (L0H0*", "*= INCONCLUSIVE =*", "*because    the scales say so"]
    )
    assert suite.run(suite.mixed, "--claims-fail-on=refuted").ret == pytest.ExitCode.TESTS_FAILED


def test_the_section_of_inconclusive_tests_shows_the_users_line_and_output(suite):
    result = suite.run(UNDECIDED.replace("assert", 'print("hello there"); assert'))
    shown = suite.between(result, "= INCONCLUSIVE =", "= claims =")
    assert any(line.startswith('>       print("hello there"); assert weighs') for line in shown)
    assert "hello there" in shown
    assert any(line.startswith("test_suite.py:2: Inconclusive") for line in shown)
    assert sum("claim evidence" in line for line in shown) == 1
    assert "circuit_assert/claims" not in "\n".join(shown)


@pytest.mark.parametrize("style", ["auto", "long", "short", "native", "line"])
def test_evidence_is_in_every_style_of_traceback(suite, style):
    result = suite.run(suite.mixed, f"--tb={style}")
    failures = "\n".join(suite.between(result, "= FAILURES =", "= INCONCLUSIVE ="))
    assert failures.count("claim evidence") == 1
    assert "L0H2 weighs 0 in tiny: REFUTED" in failures
    assert "observed   +0.790 [+0.760, +0.820] attention" in failures
    undecided = "\n".join(suite.between(result, "= INCONCLUSIVE =", "= claims ="))
    assert "L0H3 weighs 1 in tiny: INCONCLUSIVE" in undecided


def test_without_tracebacks_there_is_no_evidence(suite):
    shown = suite.run(suite.mixed, "--tb=no").stdout.str()
    assert "claim evidence" not in shown
    assert "= INCONCLUSIVE =" not in shown


def test_the_failing_assertion_reads_as_a_sentence(suite):
    result = suite.run(suite.mixed)
    result.stdout.fnmatch_lines(["E       assert <L0H2 weighs 0 in tiny: refuted>"])


def test_the_evidence_is_of_the_claim_that_failed(suite):
    result = suite.run(
        """
        def test_it(tiny, weighs):
            first, second = weighs(tiny["L0H0"], 0), weighs(tiny["L0H1"], 2)
            assert not first
            assert second
            assert first
        """
    )
    evidence = "\n".join(suite.between(result, "claim evidence", "= claims ="))
    assert "L0H0 weighs 0 in tiny: REFUTED" in evidence
    assert "L0H1" not in evidence


def test_junit_has_a_property_for_each_claim_and_one_case_for_each_test(suite):
    from xml.etree import ElementTree

    suite.run(suite.mixed, "--junit-xml=out.xml")
    made = ElementTree.parse(suite.path / "out.xml").getroot()[0]  # noqa: S314 - our own
    assert made.attrib["tests"] == "5"
    assert (made.attrib["failures"], made.attrib["skipped"]) == ("2", "1")
    said = {
        case.attrib["name"]: [p.attrib["value"] for p in case.iter("property")]
        for case in made.iter("testcase")
    }
    assert len(said) == len(made.findall("testcase")) == 5
    (sentence,) = said["test_refuted"]
    assert sentence.startswith(
        "L0H2 weighs 0 in tiny: refuted; +0.790 [+0.760, +0.820] attention (), above +0.10; claim "
    )
    messages = [failure.attrib["message"] for failure in made.iter("failure")]
    assert any("L0H3 weighs 1 in tiny: inconclusive" in message for message in messages)


def test_an_open_claim_that_stays_inconclusive_does_not_fail(suite):
    result = suite.run(opened('assert weighs(tiny["L0H0"], 1)'), "-v")
    assert result.parseoutcomes() == {"open": 1}
    assert result.ret == 0
    assert "SETTLED" not in result.stdout.str()
    result.stdout.fnmatch_lines(["[?] inconclusive *  open", "*open: the scales are coarse"])
    assert [claim.open for claim in suite.ledger.claims] == ["the scales are coarse"]


@pytest.mark.parametrize(("word", "weight"), [("", 2), ("not ", 0)])
def test_an_open_claim_that_settles_as_asserted_is_said_loudly(suite, word, weight):
    result = suite.run(opened(f'assert {word}weighs(tiny["L0H0"], {weight})'), "-v")
    assert result.parseoutcomes() == {"settled": 1}
    assert result.ret == 0
    verdict = {2: "supported", 0: "refuted"}[weight]
    result.stdout.fnmatch_lines(
        [
            "*::test_it SETTLED *",
            f"SETTLED, now {verdict}: L0H0 weighs {weight} in tiny. Remove open_claim from*",
        ]
    )
    assert [each.outcome for each in suite.ledger.assertions] == ["settled"]


def test_an_open_claim_that_settles_against_its_assertion_fails(suite):
    result = suite.run(opened('assert weighs(tiny["L0H0"], 0)'))
    assert result.parseoutcomes() == {"failed": 1}
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "*- open claim -*",
            "settled, now refuted: L0H0 weighs 0 in tiny. Change the test; remove open_claim.",
            "SETTLED, now refuted: *",
        ]
    )


def test_an_open_test_that_fails_by_something_else_has_not_settled(suite):
    result = suite.run(opened('assert weighs(tiny["L0H0"], 2); assert 1 == 2'))
    assert result.parseoutcomes() == {"failed": 1}
    assert "SETTLED" not in result.stdout.str()
    assert "open claim" not in result.stdout.str()


@pytest.mark.parametrize("marker", ["open_claim", "open_claim()", "open_claim(' ')"])
def test_an_open_claim_needs_a_reason(suite, marker):
    result = suite.run(f"import pytest\n@pytest.mark.{marker}\ndef test_it(): pass")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*test_suite.py::test_it: open_claim needs a reason, as in*"])


def test_what_cannot_run_is_listed_as_not_run(suite, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    result = suite.run(
        """
        import pytest

        @pytest.mark.needs_hub
        def test_it(tiny, weighs):
            assert weighs(tiny["L0H0"], 2)
        """
    )
    assert result.parseoutcomes() == {"skipped": 1}
    result.stdout.fnmatch_lines(
        ["- not run  *test_suite.py::test_it: needs the model hub, and HF_HUB_OFFLINE is set"]
    )
    assert [each.reason for each in suite.ledger.not_run] == [
        "needs the model hub, and HF_HUB_OFFLINE is set"
    ]


def test_models_that_are_named_are_looked_for_in_the_cache_alone(suite, monkeypatch, tmp_path):
    import socket

    from huggingface_hub import constants
    from pytest_circuit_assert import markers

    def refuse(*_):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    markers._not_at_hand.cache_clear()
    test = """
        import pytest

        @pytest.mark.needs_hub("acme/tiny", "acme/big")
        def test_it(): pass
        """
    result = suite.run(test)
    assert result.parseoutcomes() == {"skipped": 1}
    result.stdout.fnmatch_lines(["*::test_it: needs acme/tiny and acme/big of the model hub*"])

    write_model(tmp_path, "acme/tiny")
    markers._not_at_hand.cache_clear()
    assert markers._not_at_hand(("acme/tiny",)) is None
    assert markers._not_at_hand(("acme/tiny", "acme/big")) == (
        "needs acme/big of the model hub, not in the cache here: `hf download acme/big`"
    )
    write_model(tmp_path, "acme/big")
    markers._not_at_hand.cache_clear()
    assert suite.run(test).parseoutcomes() == {"passed": 1}
    markers._not_at_hand.cache_clear()


def write_model(cache, name):
    """A model in the hub's cache, with the files that a model needs."""
    import numpy as np
    from safetensors.numpy import save_file

    repository = cache / f"models--{name.replace('/', '--')}"
    folder = repository / "snapshots" / ("a" * 40)
    folder.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("a" * 40)
    for file in ("config.json", "tokenizer.json"):
        (folder / file).write_text("{}")
    save_file({"w": np.zeros(8, np.float32)}, folder / "model.safetensors")


def test_a_hub_out_of_reach_is_a_reason_too(suite, monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    from pytest_circuit_assert import markers

    markers._without_hub.cache_clear()
    assert "http://127.0.0.1:9 is out of reach" in markers._without_hub()
    markers._without_hub.cache_clear()


def test_without_a_gpu_the_reason_says_so(suite, monkeypatch):
    import types

    found = types.SimpleNamespace(is_available=lambda: False)
    monkeypatch.setitem(__import__("sys").modules, "torch", types.SimpleNamespace(cuda=found))
    result = suite.run("import pytest\n@pytest.mark.needs_gpu\ndef test_it(): pass", "-rs")
    assert result.parseoutcomes() == {"skipped": 1}
    result.stdout.fnmatch_lines(["SKIPPED*needs a GPU, and torch finds none"])
    found.is_available = lambda: True
    assert suite.run("import pytest\n@pytest.mark.needs_gpu\ndef test_it(): pass").ret == 0
