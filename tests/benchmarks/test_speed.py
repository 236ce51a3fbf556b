"""The speed benchmarks compare like with like, and say when they do not."""

import json
import sys

import numpy as np
import pytest

from benchmarks.speed import __main__ as command
from benchmarks.speed import floor, sweeps
from benchmarks.speed.paired import Timed, compare
from circuit_assert.backends.load import load
from circuit_assert.models.planted_models import lookup_model, lookup_prompts
from circuit_assert.models.spec import spec_of


@pytest.fixture(scope="module")
def task():
    return sweeps.Task(load(spec_of(lookup_model())), lookup_prompts(templates=4, per_template=3))


def test_the_usual_ablation_gives_the_same_numbers(task):
    timed = sweeps.mean_ablation(task, turns=1)
    assert timed.size > 1
    assert timed.difference < 1e-4
    assert timed.name == "mean ablation of 16 heads, 12 prompts"


def test_the_usual_patching_gives_the_same_numbers(task, capsys):
    timed = sweeps.patching(task, turns=1)
    assert timed.size > 1
    assert timed.difference < 1e-4
    assert not capsys.readouterr().err


def test_ways_that_do_not_agree_are_not_compared():
    with pytest.raises(ValueError, match="differ by 1, of 3"):
        compare("sums", lambda: np.array([3.0]), lambda: np.array([2.0]))
    with pytest.raises(ValueError, match="differ by nan"):
        compare("sums", lambda: np.array([3.0]), lambda: np.array([np.nan]))


def test_a_ratio_is_that_of_turns_taken_one_after_the_other():
    timed = Timed("sums", usual=(2.0, 6.0, 9.0), ours=(1.0, 2.0, 1.0), difference=0.0, size=1.0)
    assert timed.ratio == 3.0


def test_the_floor_counts_each_head_s_own_layer_and_those_above(task):
    found = floor.of_ablation(task)
    tokens = sum(len(row) for row in task.tokenized.tokens["clean"])
    card = task.backend.card
    runs_of_blocks = card.heads * 2 + card.heads * 1 + card.layers  # two layers, and a clean run
    assert found.needed == tokens * runs_of_blocks * floor.flops_of_a_block(card)
    assert found.ratio > 1


def test_the_command_prints_a_table_and_writes_it(monkeypatch, capsys, tmp_path, task):
    monkeypatch.setattr(sweeps, "load_task", lambda model, prompts: task)
    path = tmp_path / "speed.json"
    monkeypatch.setattr(sys, "argv", ["speed", "sweep", "floor", "--json", str(path)])
    assert command.main() == 0
    said = capsys.readouterr().out
    assert "| mean ablation of 16 heads, 12 prompts |" in said
    assert "× the floor" in said
    assert [set(each) >= {"name"} for each in json.loads(path.read_text())] == [True, True]
