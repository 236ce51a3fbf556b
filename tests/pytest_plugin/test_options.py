"""Options, and their twins in the configuration file."""

import re
from pathlib import Path

import pytest

SHOW = """
    def test_show(pytestconfig, claims_seed, claims_session, repeated_tokens, ioi):
        session = claims_session
        print("seen:", session.false_pass_rate, session.device, session.dtype, claims_seed)
        print("seeds:", repeated_tokens.seed)
"""


def test_defaults(suite):
    result = suite.run(SHOW, "-s")
    result.stdout.fnmatch_lines(["*seen: 0.01 cpu float32 0", "seeds: 0"])


def test_the_command_line(suite):
    options = ["--claims-false-pass-rate=0.05", "--claims-device=cuda:1"]
    result = suite.run(SHOW, "-s", *options, "--claims-dtype=bfloat16", "--claims-seed=7")
    result.stdout.fnmatch_lines(["*seen: 0.05 cuda:1 bfloat16 7", "seeds: 7"])


def test_the_configuration_file_and_that_the_command_line_wins(suite):
    suite.configure(
        claims_false_pass_rate=0.02,
        claims_device="mps",
        claims_dtype="float16",
        claims_seed=3,
    )
    suite.run(SHOW, "-s").stdout.fnmatch_lines(["*seen: 0.02 mps float16 3"])
    result = suite.run(SHOW, "-s", "--claims-seed=0", "--claims-device=cpu")
    result.stdout.fnmatch_lines(["*seen: 0.02 cpu float16 0"])


@pytest.mark.parametrize(
    ("option", "fact", "fix"),
    [
        (
            "--claims-device=tpu",
            "'tpu' is no device",
            "write cpu, mps, cuda, cuda:1, auto, or cuda:0,cuda:1",
        ),
        (
            "--claims-device=cuda:0,cpu",
            "blocks are spread over CUDA devices only",
            "or cuda:0,cuda:1",
        ),
        ("--claims-dtype=int8", "'int8' is not known", "write float32 or bfloat16 or float16"),
        ("--claims-false-pass-rate=0.7", "is no rate between 0 and 0.5", "write 0.01"),
        ("--claims-false-pass-rate=low", "'low'", "write 0.01"),
        ("--claims-seed=-1", "is no seed", "write a whole number from 0"),
        ("--claims-seed=x", "'x'", "write a whole number from 0"),
        ("--claims-memory=0.01", "is less than 0.0625", "write 1.5"),
        ("--claims-memory=much", "'much'", "write 1.5"),
        ("--claims-fail-on=never", "'never' is not known", "write inconclusive or refuted"),
    ],
)
@pytest.mark.parametrize("where", ["command line", "file"])
def test_a_bad_value_is_a_usage_error_that_names_the_fix(suite, option, fact, fix, where):
    options = [option]
    if where == "file":
        name, value = option.removeprefix("--").split("=")
        suite.configure(**{name.replace("-", "_"): value})
        options = []
    result = suite.run("def test_one(): pass", *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    said = result.stderr.str()
    assert "INTERNALERROR" not in said + result.stdout.str()
    name = option.split("=")[0]
    assert (name if where == "command line" else name[2:].replace("-", "_")) in said
    assert fact in said
    assert fix in said


@pytest.mark.parametrize("what", ["ledger", "cache"])
def test_a_folder_in_two_minds_is_a_usage_error(suite, what):
    result = suite.run("def test_one(): pass", f"--claims-{what}=x", f"--claims-no-{what}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*one of --claims-{what} and --claims-no-{what}*"])


@pytest.mark.parametrize(
    ("option", "folder"),
    [("-q", ".claims/cache"), ("--claims-cache=x", "x"), ("--claims-no-cache", None)],
)
def test_scores_are_kept_where_the_options_say(suite, option, folder):
    test = f"""
        def test_cache(claims_session, request):
            kept = claims_session._cache
            root = request.config.rootpath
            assert (kept and kept.relative_to(root).as_posix()) == {folder!r}
    """
    suite.run(test, option).assert_outcomes(passed=1)


def test_they_are_one_group_in_the_help(suite):
    help_text = suite.run("", "--help").stdout.str()
    group = help_text.split("circuit claims:")[1].split("\n\n")[0]
    for name in (
        "model",
        "device",
        "dtype",
        "false-pass-rate",
        "seed",
        "fail-on",
        "ledger",
        "cache",
        "no-rehearsal",
        "list",
        "plan",
    ):
        assert f"--claims-{name}" in group
    for name in (
        "model",
        "device",
        "dtype",
        "false_pass_rate",
        "seed",
        "fail_on",
        "no_ledger",
        "no_cache",
        "no_rehearsal",
    ):
        assert f"claims_{name} (" in help_text


def test_every_option_is_in_the_readme(suite):
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    options = set(re.findall(r"--claims-[a-z-]+", suite.run("", "--help").stdout.str()))
    assert len(options) > 10
    assert not {option for option in options if f"`{option}`" not in readme}


def test_the_model_fixture_is_the_model_of_the_option(suite):
    test = """
        def test_model(model, plain_text, unrelated):
            assert (model.name, model.spec.source) == ("some/model", "hub")
            assert len(plain_text) and len(unrelated)
    """
    suite.run(test, "--claims-model=some/model").assert_outcomes(passed=1)
    suite.configure(claims_model="some/model")
    suite.run(test).assert_outcomes(passed=1)


def test_without_the_option_it_says_how_to_give_one(suite):
    result = suite.run("def test_model(model): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*`model` fixture means no model: give --claims-model=gemma-3*"])


def test_markers_are_registered_and_claims_can_be_selected(suite):
    test = """
        import pytest

        @pytest.mark.claim("early")
        @pytest.mark.needs_gpu
        @pytest.mark.needs_hub
        @pytest.mark.open_claim("a reason")
        def test_marked(): pass

        def test_claim(tiny, weighs):
            assert weighs(tiny["L0H0"], 2)

        def test_other(): pass
    """
    options = ["--strict-markers", "--strict-config", "-W", "error"]
    suite.run(test, "-m", "claim", "-k", "not marked", *options).assert_outcomes(
        passed=1, deselected=2
    )


def test_components_name_the_tests_they_parametrize(suite):
    test = """
        import pytest
        from circuit_assert.components import Head, Neuron

        @pytest.mark.parametrize("component", [Head(5, 1), Neuron(3, 44)])
        def test_it(component): pass
    """
    result = suite.run(test, "--collect-only", "-q")
    result.stdout.fnmatch_lines(["*::test_it[[]L5H1]", "*::test_it[[]L3N44]"])
