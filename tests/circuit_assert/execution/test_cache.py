"""Scores of earlier runs: the same numbers without a run, and never those of something else."""

import os
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from circuit_assert import claim, head_is_induction, repeated_tokens
from circuit_assert.claims.criteria import Criterion
from circuit_assert.claims.quantities import Score
from circuit_assert.components import Direction, Head, Neuron, Site
from circuit_assert.execution import cache, identity, recall
from circuit_assert.execution.cache import ScoreCache
from circuit_assert.execution.executor import Executor
from circuit_assert.execution.identity import Identity, NoIdentity
from circuit_assert.execution.store import Store
from circuit_assert.interventions import (
    Ablation,
    Patch,
    PreservingAblation,
    ReplaceAtPositions,
    Shift,
    Steer,
)
from circuit_assert.measurements import AttentionOverPairs, Loss, Request, Residual
from circuit_assert.measurements.base import WeightRequest
from circuit_assert.measurements.norms import NeuronOutputNorms
from circuit_assert.models.planted_models import induction_model
from circuit_assert.session import Session
from circuit_assert.stats.region import above

KEY = "ab" + "0" * 62


def measured(backend, request, folder):
    """A request's scores, and the executor that measured or found them."""
    engine = Executor(backend, cache=folder)
    engine.run([request])
    return engine.store.scores[request], engine


@pytest.fixture
def request_of_loss(sequences):
    return Request(Loss(), sequences, under=Ablation((Head(1, 0),)))


def test_an_earlier_score_is_read_back_without_a_run(induction, request_of_loss, tmp_path):
    first, _ = measured(induction, request_of_loss, tmp_path)
    before = induction.blocks_run
    again, engine = measured(induction, request_of_loss, tmp_path)
    np.testing.assert_array_equal(first, again)
    assert (engine.runs, engine.reused, induction.blocks_run) == (0, 1, before)


def test_so_is_the_noise_floor(induction, request_of_loss, tmp_path):
    _, first = measured(induction, request_of_loss, tmp_path)
    floor = first.noise_floor(request_of_loss)
    _, again = measured(induction, request_of_loss, tmp_path)
    assert again.noise_floor(request_of_loss) == floor
    assert again.runs == 0


def test_so_is_the_reason_why_there_are_none(induction, sequences, tmp_path):
    unchanged = Request(Loss(), sequences, under=Patch((Head(0, 0),), "clean"))
    reasons = []
    for _ in range(2):
        engine = Executor(induction, cache=tmp_path)
        engine.run([unchanged])
        reasons.append(engine.store.failures[unchanged])
    assert reasons[0] == reasons[1]
    assert engine.runs == 0


def test_evidence_is_the_same_from_the_cache(tmp_path):
    found = []
    for _ in range(2):
        session = Session(cache=tmp_path)
        found.append(head_is_induction(session.model(induction_model())["L1H0"]).check())
    measured_anew, read_back = found
    assert (measured_anew.reused, read_back.runs) == (0, 0)
    assert measured_anew.runs > 0
    assert read_back.reused > 0
    costs = {"seconds": 0.0, "runs": 0, "reused": 0}
    assert replace(measured_anew, **costs) == replace(read_back, **costs)


def key_of(backend, what):
    return Identity(backend, Store(backend.tokenizer)).of(what)


def test_equal_things_have_one_key(induction, sequences):
    again = repeated_tokens(lengths=(4, 5, 6), sequences=12)
    made = [Request(Loss(), on, under=Ablation((Head(1, 0),))) for on in (sequences, again)]
    assert key_of(induction, made[0]) == key_of(induction, made[1])


def test_whatever_changes_a_score_changes_the_key(induction, lookup, sequences):
    site = Site(1, "resid_post")
    ablation = Ablation((Head(1, 0),))
    preserving = PreservingAblation(Head(1, 0))
    numbers = np.arange(36.0).reshape(12, 3)
    others = repeated_tokens(lengths=(4, 5, 6), sequences=12, seed=1)
    pairs = ((sequences, others), (others, sequences))
    directions = [Direction(site, *pair) for pair in pairs]
    replaced = ReplaceAtPositions((Neuron(1, 0),), np.array([[0, 1]]), np.array([[0.5]]), "key")
    requests = [
        Request(Loss(), sequences),
        Request(Loss(places=2), sequences),
        Request(AttentionOverPairs("induction"), sequences),
        Request(Residual(site), sequences),
        Request(Loss(), sequences, "corrupt"),
        Request(Loss(), others),
        *(
            Request(Loss(), sequences, under=under)
            for under in (
                ablation,
                replace(ablation, components=(Head(1, 1),)),
                replace(ablation, how="zero"),
                replace(ablation, how="resample"),
                replace(ablation, how="resample", draw=1),
                replace(ablation, how="resample", seed=1),
                replace(ablation, reference=sequences, reference_side="corrupt"),
                replace(ablation, at="end"),
                replace(ablation, frozen_scale=True),
                preserving,
                replace(preserving, keeping="qk"),
                replace(preserving, sources=0.1),
                replace(preserving, into=1),
                replace(preserving, instead="tokens"),
                replace(preserving, instead="tokens", seed=1),
                Patch((Head(1, 0),), "clean"),
                Patch((Head(1, 0),), "corrupt"),
                *(Steer(direction) for direction in directions),
                Steer(directions[0], 2.0),
                Shift(site, numbers, "key"),
                Shift(site, numbers + 1e-9, "key"),
                replaced,
                replace(replaced, values=np.array([[0.25]])),
            )
        ),
    ]
    keys = [key_of(backend, r) for backend in (induction, lookup) for r in requests]
    assert len(set(keys)) == len(keys)


def test_other_code_or_libraries_have_other_keys(induction, sequences, monkeypatch):
    request = Request(Loss(), sequences)
    before = key_of(induction, request)
    files = identity._files

    def edited(place):
        for name, content in files(place):
            yield name, content + b"#" if name == "executor.py" else content

    keys = [before]
    for name, changed in (
        ("_files", edited),
        ("_LIBRARIES", (*identity._LIBRARIES, "scipy")),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(identity, name, changed)
            identity.engine.cache_clear()
            keys.append(key_of(induction, request))
    identity.engine.cache_clear()
    assert len(set(keys)) == 3
    assert key_of(induction, request) == before


def test_a_tokenizer_that_cuts_otherwise_has_another_key(induction, sequences, monkeypatch):
    request = Request(Loss(), sequences)
    before = key_of(induction, request)
    monkeypatch.setattr(induction.tokenizer, "beginning", (1,))
    assert key_of(induction, request) != before


@dataclass(frozen=True)
class OnesOwn(Loss):
    """A measurement that the library does not know."""

    quantity: ClassVar[str] = "nats"


def test_a_measurement_of_ones_own_is_measured_anew(induction, sequences, tmp_path):
    request = Request(OnesOwn(), sequences)
    with pytest.raises(NoIdentity):
        key_of(induction, request)
    for _ in range(2):
        _, engine = measured(induction, request, tmp_path)
        assert engine.runs > 0
    assert not list(tmp_path.rglob("*.npz"))


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 not an archive", None])
def test_a_damaged_file_counts_as_absent(tmp_path, damage):
    kept = ScoreCache(tmp_path)
    kept.put(KEY, np.arange(1000.0))
    (path,) = tmp_path.rglob("*.npz")
    path.write_bytes(path.read_bytes()[:-40] if damage is None else damage)
    assert kept.get(KEY) is None
    kept.put(KEY, np.arange(3.0))
    np.testing.assert_array_equal(kept.get(KEY), np.arange(3.0))


def test_a_pickle_is_never_loaded(tmp_path):
    kept = ScoreCache(tmp_path)
    kept.put(KEY, np.arange(3.0))
    (path,) = tmp_path.rglob("*.npz")
    np.savez(path, scores=np.array([object()], dtype=object), allow_pickle=True)
    assert kept.get(KEY) is None


def test_dying_while_writing_leaves_nothing(tmp_path, monkeypatch):
    def dies(file, **arrays):
        file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(cache.np, "savez", dies)
    with pytest.raises(KeyboardInterrupt):
        ScoreCache(tmp_path / "cache").put(KEY, np.arange(3.0))
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} <= {
        ".gitignore",
        "CACHEDIR.TAG",
    }


def test_a_disk_that_is_full_is_said_once_and_costs_nothing_else(
    induction, sequences, tmp_path, monkeypatch
):
    def full(file, **arrays):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.np, "savez", full)
    requests = [Request(Loss(), sequences), Request(Loss(places=2), sequences)]
    engine = Executor(induction, cache=tmp_path / "cache")
    with pytest.warns(UserWarning, match="No space left on device") as said:
        engine.run(requests)
    assert len(said) == 1
    assert all(request in engine.store.scores for request in requests)


def test_two_caches_of_a_folder_that_is_full_say_it_once(tmp_path, monkeypatch):
    def full(file, **arrays):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.np, "savez", full)
    monkeypatch.chdir(tmp_path)
    folders = [tmp_path / "kept", Path("kept"), tmp_path / "kept", tmp_path / "other"]
    with pytest.warns(UserWarning, match="No space left on device") as said:
        [ScoreCache(folder).put(KEY, np.arange(3.0)) for folder in folders]
    assert len(said) == 2  # of two folders


def test_what_was_used_longest_ago_goes_first(tmp_path):
    kept = ScoreCache(tmp_path, most=5_000)
    keys = [f"{number:02}" + "0" * 62 for number in range(4)]
    for age, key in enumerate(keys):
        kept.put(key, np.zeros(200))
        (path,) = tmp_path.glob(f"{key[:2]}/*.npz")
        os.utime(path, (1000 + age, 1000 + age))
    kept.get(keys[0])  # used again: now the newest
    kept.tidy()
    assert [kept.get(key) is not None for key in keys] == [True, False, False, True]


def test_the_folder_says_that_it_can_be_made_again(tmp_path):
    ScoreCache(tmp_path / "cache").put(KEY, np.zeros(1))
    assert (tmp_path / "cache" / ".gitignore").read_text() == "*\n"
    assert (tmp_path / "cache" / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d1")


def test_what_weights_give_is_read_back_too(induction, tmp_path, monkeypatch):
    request = WeightRequest(NeuronOutputNorms(1))
    first = Executor(induction, cache=tmp_path)
    first.run([request])
    monkeypatch.setattr(NeuronOutputNorms, "compute", lambda self, weights: pytest.fail("again"))
    again = Executor(induction, cache=tmp_path)
    again.run([request])
    assert again.reused == 1
    np.testing.assert_array_equal(again.store.scores[request], first.store.scores[request])


def test_unless_it_is_large(induction, tmp_path, monkeypatch):
    monkeypatch.setattr(recall, "_LARGE", 8)
    request = WeightRequest(NeuronOutputNorms(1))
    for _ in range(2):
        engine = Executor(induction, cache=tmp_path)
        engine.run([request])
        assert engine.reused == 0


def test_texts_that_are_cut_otherwise_are_worked_out_anew(induction, tmp_path, monkeypatch):
    request = WeightRequest(NeuronOutputNorms(1))
    Executor(induction, cache=tmp_path).run([request])
    for fingerprint in ("another", None):
        monkeypatch.setattr(type(induction.tokenizer), "fingerprint", fingerprint)
        engine = Executor(induction, cache=tmp_path)
        engine.run([request])
        assert engine.reused == 0


class TestVerdicts:
    """What was judged by the same code on all the same is not judged again."""

    @staticmethod
    def judged(folder, make=head_is_induction, **settings):
        session = Session(cache=folder, **settings)
        return make(session.model(induction_model())["L1H0"]).check()

    def test_the_same_verdict_is_read_back(self, tmp_path, monkeypatch):
        first = self.judged(tmp_path)
        monkeypatch.setattr("circuit_assert.judging.stats.judge", None)
        assert self.judged(tmp_path).findings == first.findings

    @pytest.mark.parametrize(
        "settings", [{"false_pass_rate": 0.02}, {"dtype": "bfloat16"}], ids=lambda s: next(iter(s))
    )
    def test_another_setting_is_judged_anew(self, tmp_path, monkeypatch, settings):
        self.judged(tmp_path)
        monkeypatch.setattr("circuit_assert.judging.stats.judge", None)
        with pytest.raises(TypeError, match="NoneType"):
            self.judged(tmp_path, **settings)

    def test_other_arguments_are_judged_anew(self, tmp_path, monkeypatch):
        self.judged(tmp_path)
        monkeypatch.setattr("circuit_assert.judging.stats.judge", None)
        with pytest.raises(TypeError, match="NoneType"):
            self.judged(tmp_path, lambda head: head_is_induction(head, by=0.5))

    def test_changed_code_judges_anew(self, tmp_path, monkeypatch):
        self.judged(tmp_path)
        monkeypatch.setattr(recall, "everything", lambda: "other code")
        monkeypatch.setattr("circuit_assert.judging.stats.judge", None)
        with pytest.raises(TypeError, match="NoneType"):
            self.judged(tmp_path)

    def test_a_measurement_of_ones_own_is_judged_anew(self, tmp_path, monkeypatch):
        """Its code is not hashed: only its owner knows whether it is the same."""

        @claim("{head} has a loss")
        def has_a_loss(head):
            quantity = Own(Request(Loss(), repeated_tokens()))
            return Criterion("loss", quantity, above(0.0), "loss", "nats", head.model)

        self.judged(tmp_path, has_a_loss)
        monkeypatch.setattr("circuit_assert.judging.stats.judge", None)
        with pytest.raises(TypeError, match="NoneType"):
            self.judged(tmp_path, has_a_loss)


@dataclass(frozen=True)
class Own(Score):
    """A quantity that is not the library's."""


def test_two_processes_may_make_the_folder_at_the_same_time(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    exists, asked = Path.exists, []

    def late(self, **options):
        """Another process makes the folder after this one has looked."""
        found = exists(self, **options)
        if self == folder and not asked:
            asked.append(folder.mkdir())
        return found

    monkeypatch.setattr(Path, "exists", late)
    cache = ScoreCache(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cache.put("ab" + "0" * 30, "kept")
    assert cache.get("ab" + "0" * 30) == "kept"
