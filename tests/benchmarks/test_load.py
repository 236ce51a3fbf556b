"""Small editions of the load tests: each asserts what the large one does."""

import json
import shutil
import subprocess
from collections import Counter
from functools import partial
from types import SimpleNamespace

import pytest

from benchmarks.load import runs, tally
from benchmarks.load.checks import each_once
from benchmarks.load.clock import clock
from benchmarks.load.concurrent import concurrent
from benchmarks.load.disk import PLACES, disk
from benchmarks.load.kills import kills
from benchmarks.load.many import claims10k, growth
from benchmarks.load.runs import Run, run
from benchmarks.load.suites import write_scripted
from benchmarks.load.workers import Throughput


def test_many_claims_are_each_there_once():
    (found,) = claims10k(60, (2,), write_scripted)
    assert found.claims == 60
    assert found.ledger > 60 * 500
    assert 0 < found.controller < 1 << 30
    assert 0 < found.workers < 1 << 30


def test_growth_is_the_slope_by_claims():
    assert growth([(100, 7_000), (200, 8_000), (300, 9_000)]) == pytest.approx(10.0)
    assert growth([(100, 7_000)]) == 0.0


def test_kills_cost_the_tests_that_were_running():
    found = kills(3, 80, 2)
    assert found.failed <= 3


def test_what_is_lost_or_there_twice_is_found(tmp_path):
    plugins = write_scripted(tmp_path, 4)
    done = run(tmp_path, plugins)
    each_once(done, 4)
    with pytest.raises(AssertionError, match="4 of 5 tests have a result"):
        each_once(done, 5)
    name = next(iter(done.results))
    with pytest.raises(AssertionError, match="more than one result"):
        each_once(Run(0, 1.0, "", done.results + Counter([name]), tmp_path), 4)
    path = done.ledger.path
    lines = path.read_text().splitlines(keepends=True)
    claim = next(line for line in lines if json.loads(line)["record"] == "claim")
    path.write_text("".join(lines) + claim)
    with pytest.raises(AssertionError, match="judged twice"):
        each_once(done, 4)
    path.write_text("".join(line for line in lines if line != claim))
    with pytest.raises(AssertionError, match="3 claims, 0 not run"):
        each_once(done, 4)


def test_two_runs_at_a_time_judge_alike_and_leave_a_whole_cache(forking, monkeypatch):
    starts = SimpleNamespace(Popen=forking.popen, STDOUT=subprocess.STDOUT)
    monkeypatch.setattr(runs, "subprocess", starts)
    found = concurrent(8, workers=0)
    assert found.reused == 8
    assert found.entries > 8


def _can_mount(folder):
    command = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(folder)]
    if not shutil.which("mount"):
        return False
    if subprocess.run(command, check=False, capture_output=True).returncode:
        return False
    subprocess.run(["umount", str(folder)], check=True)
    return True


def test_a_run_whose_disk_is_full_goes_on_and_says_so(tmp_path):
    if not _can_mount(tmp_path):
        pytest.skip("a small disk cannot be mounted here")
    (found,) = disk(100, PLACES[:1], write_scripted)
    assert found.said.startswith("The ledger lacks the last")


@pytest.mark.skipif(not shutil.which("faketime"), reason="there is no faketime here")
def test_a_clock_that_jumps_back_makes_nothing_take_less_than_no_time():
    (found,) = clock(20, ("-1y",), partial(write_scripted, seconds=0.1))
    assert found.hours < -8700
    assert found.longest < 60


def test_the_ratio_of_two_workers_is_that_of_pairs():
    found = Throughput(
        4, one=(30.0, 40.0, 36.0), two=(20.0, 20.0, 20.0), one_start=4.0, two_start=6.0
    )
    assert found.ratio == pytest.approx(1.8)
    assert found.ratio_of_testing == pytest.approx(32 / 14)
    assert found.cells["ratio, whole processes"] == "1.80 [1.50, 2.00]"


def test_a_result_is_noted_once_for_each_test(tmp_path):
    plugins = write_scripted(tmp_path, 4)
    done = run(tmp_path, plugins, "-n", "1")
    assert set(done.results.values()) == {1}
    (path,) = tmp_path.glob("tally-*.jsonl")
    assert tally.results(path) == done.results
