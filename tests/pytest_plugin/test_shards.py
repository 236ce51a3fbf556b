"""`--claims-shard`: every test in one shard, the same on every machine."""

import re

import pytest
from click.testing import CliRunner
from pytest_circuit_assert.rehearsal import eligibility

import circuit_assert.models.hub
from circuit_assert.cli.check import problems
from circuit_assert.cli.merge import command
from circuit_assert.ledger import read

SUITE = """
    import pytest
    from circuit_assert.models.planted import PlantedModel
    from circuit_assert.models.card import Card
    from pytest_circuit_assert import model_fixture

    SIZES = Card(2, 4, 4, 32, 8, 64, 80, 64)
    VOCABULARY = tuple(f" w{i}" for i in range(80))
    other = model_fixture(PlantedModel("other", SIZES, {}, dict, VOCABULARY))

    @pytest.mark.parametrize("head", range(4))
    def test_of_tiny(tiny, weighs, head):
        assert weighs(tiny[f"L0H{head}"], 2)

    class TestOfOther:
        def test_in_a_class(self, other, weighs):
            assert weighs(other["L0H0"], 2)

        @pytest.mark.slow
        def test_that_fails(self, other, weighs):
            assert weighs(other["L0H1"], 0)

    def test_of_nothing(): pass
    def test_of_nothing_else(): assert 0
"""


@pytest.fixture(autouse=True)
def marker(suite):
    suite.configure(markers="slow")


@pytest.fixture
def shards(suite):
    """`shards(n, *options)` runs each shard; gives the tests that each one ran."""

    def run(n, *options):
        return [ran(suite.run(SUITE, f"--claims-shard={i}/{n}", "-v", *options))
                for i in range(1, n + 1)]  # fmt: skip

    return run


def ran(result):
    """The tests of a verbose run, without the file."""
    assert "INTERNALERROR" not in result.stdout.str()
    names = re.findall(r"test_suite\.py::(\S+) ?(?:PASSED|FAILED|\n)", result.stdout.str())
    return sorted(set(names))


def every(found):
    return sorted(name for one in found for name in one)


def said(result):
    return " ".join(" ".join([*result.outlines, *result.errlines]).split())


ALL = [
    "TestOfOther::test_in_a_class",
    "TestOfOther::test_that_fails",
    "test_of_nothing",
    "test_of_nothing_else",
    *(f"test_of_tiny[{head}]" for head in range(4)),
]


@pytest.mark.parametrize("n", [1, 2, 3, 12])
def test_every_test_is_in_one_shard(shards, n):
    assert every(shards(n)) == ALL


def test_tests_of_one_model_stay_together(shards):
    one, other = shards(2)
    assert [name for name in one if "tiny" in name] in ([], ALL[4:])
    assert [name for name in other if "Other" in name] in ([], ALL[:2])


@pytest.mark.parametrize(
    ("options", "left"),
    [
        (("-k", "other or else"), [*ALL[:2], ALL[3]]),
        (("-m", "not claim"), ALL[2:4]),
        (("-m", "slow"), ALL[1:2]),
        (("--claims-no-rehearsal",), ALL),
        (("-n", "2"), ALL),
        (("--deselect", "test_suite.py::test_of_nothing_else"), [*ALL[:3], *ALL[4:]]),
    ],
)
def test_what_is_selected_otherwise_is_split(shards, options, left):
    found = shards(3, *options)
    assert every(found) == left


def test_what_failed_last_is_split(suite):
    suite.run(SUITE, "-k", "that_fails")
    cache = suite.path / ".pytest_cache/v/cache/lastfailed"
    failed = cache.read_text()
    found = []
    for i in (1, 2):
        cache.write_text(failed)  # of the whole run, as every shard has to see it
        found.append(ran(suite.run(SUITE, f"--claims-shard={i}/2", "--lf", "-v")))
    assert every(found) == [ALL[1]]


def test_other_shards_tests_are_reported_as_deselected(suite):
    result = suite.run(SUITE, "--claims-shard=1/3")
    here = sum(result.parseoutcomes()[name] for name in ("passed", "failed"))
    assert result.parseoutcomes()["deselected"] == len(ALL) - here
    assert re.search(rf"Shard 1/3: {here} of {len(ALL)} tests \(split \w{{16}}\)\.", said(result))


@pytest.mark.parametrize("options", [(), ("-n", "2")])
def test_an_empty_shard_is_no_failure_and_is_kept(suite, options):
    result = suite.run("def test_one(): pass", "--claims-shard=2/2", *options)
    assert result.ret == pytest.ExitCode.OK
    assert "Shard 2/2: 0 of 1 tests" in said(result)
    assert "No test falls to this shard: there is nothing to do." in said(result)
    assert suite.ledger.run.options["shard"] == "2/2"
    assert len(suite.ledger.run.options["split"]) == 16
    assert suite.ledger.end.exit_status == 0
    assert not suite.ledger.claims


@pytest.mark.parametrize("options", [(), ("-n", "2")])
def test_no_test_at_all_is_a_failure_as_ever(suite, options):
    result = suite.run("def test_one(): pass", "--claims-shard=1/2", "-k", "typo", *options)
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_looking_writes_no_ledger(suite):
    for option in ("--collect-only", "--claims-list", "--claims-plan"):
        assert suite.run(suite.mixed, "--claims-shard=1/2", option).ret == 0
    assert not suite.files


@pytest.mark.parametrize("options", [(), ("-n", "2")])
def test_the_record_says_the_shard_and_all_shards_say_the_same_split(suite, shards, options):
    shards(3, *options)
    runs = [read(path).run.options for path in suite.files]
    assert sorted(run["shard"] for run in runs) == ["1/3", "2/3", "3/3"]
    assert len({run["split"] for run in runs}) == 1


def test_another_collection_is_another_split(suite, shards):
    shards(1)
    suite.run(SUITE, "--claims-shard=1/1", "-k", "tiny")
    one, other = (read(path).run.options["split"] for path in suite.files)
    assert one != other


ORDER = """

@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    import random
    random.Random({seed}).shuffle(items)
"""


def test_the_order_of_tests_makes_no_other_shards(suite, shards):
    path = suite.path / "conftest.py"
    script, found = path.read_text(), []
    for seed in range(3):
        path.write_text(script + ORDER.format(seed=seed))
        found.append(shards(3))
    assert found[0] == found[1] == found[2]


HUB = """
    import pytest
    from circuit_assert import claim, contrast, prefix_matching_score, repeated_tokens
    from pytest_circuit_assert import model_fixture

    unknown = model_fixture("some/model")
    known = model_fixture("EleutherAI/pythia-1.4b")

    @claim("{head} on {seed}")
    def on_prompts(head, seed):
        on = repeated_tokens(seed=seed)
        return contrast(prefix_matching_score(head), versus=0.0, on=on, by=0.1)

    @pytest.mark.needs_hub("some/model")
    @pytest.mark.parametrize("seed", range(9))
    def test_unknown(unknown, seed):
        assert on_prompts(unknown["L0H0"], seed)

    def test_some_head(unknown):
        for head in unknown.heads():
            assert on_prompts(head, 0)

    @pytest.mark.needs_gpu
    @pytest.mark.parametrize("seed", range(9))
    def test_known(known, seed):
        assert on_prompts(known["L0H0"], seed)
"""
CONFIG = """{"num_hidden_layers": %d, "num_attention_heads": 9, "hidden_size": 999,
"vocab_size": 9}"""


def test_what_a_machine_has_makes_no_other_shards(suite, monkeypatch, tmp_path):
    """A hub model in the cache, a GPU: both change what a run would do, not who does it."""

    def split():
        result = suite.run(HUB, "--claims-shard=1/2", "--collect-only", "-q")
        assert 0 < result.stdout.str().count("test_known[") < 9  # it is cut, by what it costs
        return re.search(r"split (\w{16})", said(result))[1]

    bare = split()
    monkeypatch.setattr(eligibility, "missing_for", lambda item: None)
    assert split() == bare
    for layers in (9, 900):  # of which the second would be cut into many parcels
        folder = tmp_path / str(layers)
        folder.mkdir()
        (folder / "config.json").write_text(CONFIG % layers)
        monkeypatch.setattr(circuit_assert.models.hub, "cached", lambda *a, f=folder: f)
        assert split() == bare


@pytest.mark.parametrize(
    ("value", "fact"),
    [
        ("0/4", "the first is 1/4"),
        ("5/4", "the last is 4/4"),
        ("1", "'1' is no shard"),
        ("a/4", "'a/4' is no shard"),
        ("1/0", "1/1 is the whole"),
        ("1,2/4", "several shards"),
    ],
)
@pytest.mark.parametrize("where", ["command line", "file"])
def test_what_is_no_shard_is_refused_early(suite, value, fact, where):
    options = [f"--claims-shard={value}"] if where == "command line" else []
    if where == "file":
        suite.configure(claims_shard=value)
    result = suite.run("def test_one(): pass", *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert fact in said(result)
    assert "write i/n with 1 <= i <= n, as 1/4" in said(result)


def test_the_configuration_file_may_say_it(suite):
    suite.configure(claims_shard="2/2")
    assert "Shard 2/2: 0 of 1 tests" in said(suite.run("def test_one(): pass"))


def test_a_lock_is_of_all_tests(suite):
    result = suite.run(suite.mixed, "--claims-shard=1/2", "--claims-write-lock=claims.lock")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "a lock is of all tests" in said(result)


def test_a_shard_is_held_against_the_lock_of_all(suite):
    suite.run(SUITE, "--claims-write-lock=claims.lock")
    outcomes = [
        suite.run(SUITE, f"--claims-shard={i}/2", "--claims-locked", "-W", "error") for i in (1, 2)
    ]
    texts = [said(each) for each in outcomes]
    judged = [int(re.search(r"Lock: (\d) of 6 locked claims", text)[1]) for text in texts]
    assert sum(judged) == 6
    assert 0 < judged[0] < 6


def test_a_shard_is_compared_with_what_it_holds_of_a_whole_run(suite):
    suite.run(SUITE, "--claims-save=main")
    results = [suite.run(SUITE, f"--claims-shard={i}/2", "--claims-compare=main") for i in (1, 2)]
    texts = [said(each) for each in results]
    found = [re.search(r"(\d) claims? compared: (\d) unchanged", text) for text in texts]
    assert sum(int(each[1]) for each in found) == sum(int(each[2]) for each in found) == 6
    assert all("0 not run, 0 appeared, 0 disappeared" in text for text in texts)
    assert f"{6 - int(found[0][1])} claims of tests that gave no verdict in it" in texts[0]


def test_shards_are_saved_and_compared_each_for_itself(suite):
    for i in (1, 2):
        result = suite.run(SUITE, f"--claims-shard={i}/2", "--claims-save=main")
        assert f"Saved as main.shard-{i}-of-2: " in said(result)
    for i in (1, 2):
        result = suite.run(SUITE, f"--claims-shard={i}/2", "--claims-compare=main")
        assert f"From main.shard-{i}-of-2 (" in said(result)
        assert "left out" not in said(result)


def test_the_run_before_is_that_of_the_same_shard_or_a_whole_one(suite):
    suite.run(SUITE)
    (whole,) = suite.files
    first = suite.run(SUITE, "--claims-shard=1/2", "--claims-compare")
    assert f"From {whole.stem} (" in said(first)
    path = suite.files[-1]
    other = suite.run(SUITE, "--claims-shard=2/2", "--claims-compare")
    assert f"From {whole.stem} (" in said(other)
    assert f"From {path.stem} (" in said(suite.run(SUITE, "--claims-shard=1/2", "--claims-compare"))
    assert f"From {whole.stem} (" in said(suite.run(SUITE, "--claims-compare"))


def test_the_ledgers_of_all_shards_make_a_whole_run(suite, shards):
    shards(3)
    out = suite.path / "whole.jsonl"
    done = CliRunner().invoke(command, [str(out), str(suite.path / ".claims/runs")])
    assert done.exit_code == 0, done.output
    whole = read(out)
    assert len(whole.claims) == len(whole.assertions) == 6
    assert whole.end.exit_status == 1
    assert whole.run.options["shard"] == "1,2,3/3"
    assert "it is shard 1/3 alone: merge it with the others" in problems(read(suite.files[0]), "")
    assert not [problem for problem in problems(whole, "") if "alone" in problem]


def test_a_worker_that_dies_at_once_leaves_a_ledger_with_its_split(suite):
    dies = """
        import os, signal

        def test_killed(tiny, weighs):
            os.kill(os.getpid(), signal.SIGKILL)
            assert weighs(tiny["L0H1"], 2)
    """
    suite.run(dies, "--claims-shard=1/1", "-n", "1", "--max-worker-restart=0")
    assert [each.nodeid for each in suite.ledger.not_run] == ["test_suite.py::test_killed"]
    assert len(suite.ledger.run.options["split"]) == 16
