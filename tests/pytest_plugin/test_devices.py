"""Workers on GPUs: pinned within the caller's own mask; and how many of them `-n auto` means."""

import json
import os
import stat

import pytest
from execnet import XSpec
from pytest_circuit_assert.distribution import devices
from pytest_circuit_assert.distribution.census import Census, ModelNeeds, TestNeeds
from pytest_circuit_assert.distribution.count import sensible
from pytest_circuit_assert.distribution.devices import Place
from pytest_circuit_assert.distribution.earlier import informed
from pytest_circuit_assert.distribution.room import Room
from pytest_circuit_assert.distribution.threads import share_cores

from tests.pytest_plugin.test_distribution import TWO_MODELS

GIB = 1 << 30
TOLD = "0, GPU-aaaa-1, 81559\n1, GPU-bbbb-2, 81559\n2, GPU-cccc-3, [N/A]\n"


@pytest.fixture
def nvidia(tmp_path, monkeypatch):
    """A machine that says it has three GPUs."""
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\ncat <<'END'\n{TOLD}END\n")
    tool.chmod(tool.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv(devices.MASK, raising=False)


def test_all_are_seen_without_a_mask(nvidia):
    assert devices.visible() == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("mask", "seen"),
    [
        ("1", ["1"]),
        ("2,0", ["2", "0"]),
        ("GPU-bbbb-2, 0", ["GPU-bbbb-2", "0"]),
        ("MIG-1,MIG-2", ["MIG-1", "MIG-2"]),
        ("0,-1,1", ["0"]),
        ("", []),
        ("-1", []),
    ],
)
def test_the_callers_mask_is_kept(nvidia, monkeypatch, mask, seen):
    monkeypatch.setenv(devices.MASK, mask)
    assert devices.visible() == seen


def test_no_tool_no_gpu(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(devices.MASK, raising=False)
    assert devices.visible() == []


def test_memory_is_told_by_index_and_by_uuid(nvidia):
    assert devices.memory_of("1") == 81559 << 20
    assert devices.memory_of("GPU-aaaa") == 81559 << 20
    assert devices.memory_of("2") is None
    assert devices.memory_of("7") is None


def test_workers_index_into_the_mask_and_take_turns():
    specs = [XSpec("popen") for _ in range(3)]
    devices.pin(specs, ["3", "GPU-b"])
    assert [spec.env[devices.MASK] for spec in specs] == ["3", "GPU-b", "3"]


def test_a_worker_that_was_pinned_by_hand_or_is_elsewhere_stays_as_it_is():
    specs = [XSpec(f"popen//env:{devices.MASK}=5"), XSpec("ssh=there"), XSpec("popen")]
    devices.pin(specs, ["0", "1"])
    assert [spec.env.get(devices.MASK) for spec in specs] == ["5", None, "0"]


PINNED = """
    import os, sys

    def test_pinned(tiny, weighs, worker_id):
        assert os.environ["CUDA_VISIBLE_DEVICES"] == {"gw0": "6", "gw1": "4"}[worker_id]
        assert weighs(tiny["L0H0"], 2)

    def test_pinned_too(tiny, weighs, worker_id):
        assert os.environ["CUDA_VISIBLE_DEVICES"] == {"gw0": "6", "gw1": "4"}[worker_id]
        assert weighs(tiny["L0H1"], 2)
"""


def test_workers_of_a_run_on_gpus_are_pinned_before_anything_is_imported(suite, monkeypatch):
    monkeypatch.setenv(devices.MASK, "6,4")
    result = suite.run(PINNED, "-n", "2", "--claims-device=cuda")
    result.assert_outcomes(passed=2)


def test_workers_of_a_run_on_the_cpu_are_not(suite, monkeypatch):
    monkeypatch.setenv(devices.MASK, "6,4")
    result = suite.run(PINNED, "-n", "2")
    result.assert_outcomes(failed=2)


def taken(*seconds, memory=8 * GIB, models=1):
    known = tuple(ModelNeeds(f"m{n}", "cpu", memory, 10.0) for n in range(models))
    tests = tuple(TestNeeds((n % models,), (n,)) for n in range(len(seconds)))
    return Census(known, tests, seconds)


def place(cores=16, memory=64 * GIB, gpus=(), device_memory=None):
    return Place("here", cores, memory, gpus, device_memory)


MUCH = [60.0] * 64


def test_workers_are_counted_by_memory_not_by_cores():
    assert sensible(taken(*MUCH), place(), on_gpu=False) == 8
    assert sensible(taken(*MUCH, memory=40 * GIB), place(), on_gpu=False) == 1
    assert sensible(taken(*MUCH, memory=400 * GIB), place(), on_gpu=False) == 1
    assert sensible(taken(*MUCH), place(cores=2), on_gpu=False) == 2


def test_no_more_workers_than_parcels():
    assert sensible(taken(0.1, 0.1, models=2), place(), on_gpu=False) == 2
    assert sensible(taken(0.1, 0.1), place(), on_gpu=False) == 1


def test_on_gpus_each_has_as_many_as_fit():
    two = place(gpus=("0", "1"), device_memory=80 * GIB, memory=400 * GIB)
    assert sensible(taken(*MUCH, memory=60 * GIB), two, on_gpu=True) == 2
    assert sensible(taken(*MUCH, memory=30 * GIB), two, on_gpu=True) == 4
    unknown = place(gpus=("0", "1"), memory=400 * GIB)
    assert sensible(taken(*MUCH), unknown, on_gpu=True) == 2


def test_auto_counts_before_any_worker_is_there(suite, monkeypatch):
    monkeypatch.delenv("PYTEST_XDIST_AUTO_NUM_WORKERS", raising=False)
    result = suite.run_apart(TWO_MODELS, "-n", "auto")
    result.assert_outcomes(passed=16)
    cores = min(2, os.cpu_count() or 1)
    assert f"created: {cores}/{cores} worker" in " ".join(result.outlines)


def test_auto_without_claims_is_left_to_xdist(pytester, monkeypatch):
    """Also where the library lies in an environment beside the tests."""
    monkeypatch.setattr(
        "pytest_circuit_assert.distribution.count._collected_apart",
        lambda _: pytest.fail("it collects"),
    )
    for folder in ("own/lib", "build"):
        (pytester.path / folder).mkdir(parents=True)
        (pytester.path / folder / "test_it.py").write_text("import circuit_assert")
    (pytester.path / "own" / "pyvenv.cfg").touch()
    pytester.makepyfile("def test_plain(): pass")
    pytester.runpytest_inprocess("-n", "auto").assert_outcomes(passed=1)


def test_what_earlier_runs_took_is_believed(tmp_path):
    said = {"record": "claim", "model": "m0", "nodeid": "t0", "seconds": 30.0}
    reused = said | {"seconds": 0.0}
    (tmp_path / "1.jsonl").write_text(json.dumps(said) + "\n" + '{"record": "claim", "nonsen')
    (tmp_path / "2.jsonl").write_text(json.dumps(reused) + "\n")
    told = informed(taken(10.0, 1.0, 1.0), ["t0", "t1", "t2"], tmp_path)
    assert told.runs == (30.0, 3.0, 3.0)
    assert informed(taken(1.0), ["other"], tmp_path).runs == (1.0,)
    assert informed(taken(1.0), ["t0"], None).runs == (1.0,)


def test_workers_share_the_cores_unless_somebody_has_said(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("pytest_circuit_assert.distribution.threads.cores", lambda: 8)
    monkeypatch.delitem(__import__("sys").modules, "torch", raising=False)
    share_cores(1)
    assert "OMP_NUM_THREADS" not in os.environ
    share_cores(3)
    assert os.environ.pop("OMP_NUM_THREADS") == "2"
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    share_cores(3)
    assert os.environ["OMP_NUM_THREADS"] == "5"


def test_a_run_that_requires_a_gpu_fails_without_one(suite, monkeypatch):
    monkeypatch.setattr("pytest_circuit_assert.distribution.required._missing", lambda: "no GPU")
    assert suite.run(suite.mixed, "--claims-require-gpu").ret == pytest.ExitCode.USAGE_ERROR
    assert suite.run(suite.mixed, "--claims-require-gpu", "--claims-list").ret == 0
    assert suite.run("def test_plain(): pass", "--claims-require-gpu").ret == 0


def test_workers_that_lack_a_required_gpu_fail_their_tests(suite):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    result = suite.run(suite.mixed, "-n", "1", "--claims-require-gpu")
    result.assert_outcomes(errors=5)
    assert "--claims-require-gpu: needs a GPU, and torch finds none" in " ".join(result.outlines)


@pytest.mark.parametrize(
    ("device", "fits"),
    [("cpu", False), ("cuda", False), ("cuda:1", False), ("auto", True), ("cuda:0,cuda:1", True)],
)
def test_room_is_looked_for_where_a_model_is_loaded(device, fits):
    room, model = Room(), ModelNeeds("m", device, 50 * GIB, 1.0)
    for worker in ("gw0", "gw1"):
        room.enter(worker, place(memory=64 * GIB, gpus=("0", "1"), device_memory=64 * GIB))
    assert room.fits("gw0", model)
    room.take("gw0", 0, model)
    assert room.fits("gw1", model) == fits
