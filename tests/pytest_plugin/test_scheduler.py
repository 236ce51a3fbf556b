"""The scheduler, with workers that are played: whatever dies when, each test runs once."""

from collections import Counter
from dataclasses import replace
from random import Random
from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_circuit_assert.distribution.census import Census, ModelNeeds, TestNeeds
from pytest_circuit_assert.distribution.devices import Place
from pytest_circuit_assert.distribution.scheduler import ModelAffinity
from xdist.scheduler import LoadScheduling

GIB = 1 << 30


class Worker:
    """Plays a worker: a queue of tests, of which it runs one when it knows the next."""

    def __init__(self, name):
        self.gateway = SimpleNamespace(id=name)
        self.queue, self.parcels, self.sent = [], {}, []
        self.told_to_stop = self.dead = self.has_collected = False

    @property
    def shutting_down(self):
        return self.told_to_stop

    def send_runtest_some(self, indices):
        if self.dead:
            raise OSError("cannot send to a closed channel")
        self.queue += indices
        self.sent.append(list(indices))

    def shutdown(self):
        self.told_to_stop = True

    def can_run(self):
        return len(self.queue) > 1 or (self.told_to_stop and self.queue)


class Run:
    """Plays xdist's controller."""

    def __init__(self, census, workers, places=None, scheduler=None):
        self.census, self.ids = census, [f"t{n}" for n in range(len(census.tests))]
        self.reports = []
        hook = SimpleNamespace(pytest_collectreport=self.report)
        config = SimpleNamespace(
            getvalue=lambda _: ["popen"] * workers, getoption=lambda _: None, hook=hook
        )
        self.said, self.ran, self.blamed, self.loaded = {}, Counter(), Counter(), []
        self.scheduler = (
            scheduler(config) if scheduler else ModelAffinity(config, None, self.said, self.tell)
        )
        self.place = places or (lambda name: Place("here", 2, 64 * GIB))
        self.workers, self.made, self.slow = [], 0, False
        for worker in [self.start() for _ in range(workers)]:
            self.collect(worker)

    def report(self, report):
        self.reports.append(report)

    def tell(self, worker, parcel):
        if worker.dead:
            raise OSError("cannot send to a closed channel")
        worker.parcels[parcel.tests[0]] = parcel

    def start(self):
        """A worker is ready, and has collected nothing yet."""
        worker = Worker(f"gw{self.made}")
        self.made += 1
        self.workers.append(worker)
        self.scheduler.add_node(worker)
        return worker

    def collect(self, worker, ids=None):
        worker.has_collected = True
        self.said[worker.gateway.id] = self.census, self.place(worker.gateway.id)
        self.scheduler.add_node_collection(worker, ids or self.ids)
        if self.scheduler.collection_is_completed:
            self.scheduler.schedule()

    def model(self, test):
        models = self.census.tests[test].models
        return models[0] if models else None

    def step(self, worker):
        """Run the worker's next test to its end."""
        test = worker.queue[0]
        self.scheduler.begun(self.ids[test])
        self.ran[test] += 1
        worker.queue.pop(0)
        self.scheduler.over(self.ids[test])
        self.scheduler.mark_test_complete(worker, test)

    def leave(self, worker):
        self.workers.remove(worker)
        assert self.scheduler.remove_node(worker) is None

    def die(self, worker, *, within, noticed=True):
        """The worker dies: within a test, or before one; xdist starts another."""
        if within and worker.queue:
            self.scheduler.begun(self.ids[worker.queue[0]])
        worker.dead = True
        if noticed:
            self.bury(worker)

    def bury(self, worker):
        self.workers.remove(worker)
        item = self.scheduler.remove_node(worker)
        if item is not None:
            self.blamed[self.ids.index(item)] += 1
        new = self.start()
        if not self.slow:
            self.collect(new)

    def finish(self):
        """Go on until all workers have gone home."""
        for worker in [each for each in self.workers if not each.has_collected]:
            self.collect(worker)
        for _ in range(10_000):
            gone = [w for w in self.workers if w.told_to_stop and not w.queue]
            for worker in gone:
                self.leave(worker)
            able = [w for w in self.workers if w.can_run()]
            if not able and not gone:
                break
            for worker in able:
                self.step(worker)
        assert not self.workers, "somebody waits for ever"


def about(*tests, count=2, memory=GIB, seconds=30.0):
    """One test for each number of a model; None for one of no claims."""
    sizes = memory if isinstance(memory, tuple) else (memory,) * count
    models = tuple(ModelNeeds(f"m{n}", "cpu", size, 10.0) for n, size in enumerate(sizes))
    needs = tuple(
        TestNeeds() if model is None else TestNeeds((model,), (n,)) for n, model in enumerate(tests)
    )
    return Census(models, needs, (seconds,) * len(tests))


def test_all_run_once_and_each_model_in_one_place():
    run = Run(about(*[0] * 5, *[1] * 5, None, None, seconds=0.1), 2)
    run.finish()
    assert run.ran == Counter(range(12))
    assert not run.blamed


def test_a_run_of_one_test():
    run = Run(about(0), 3)
    run.finish()
    assert run.ran == Counter([0])


def test_who_dies_before_its_first_test_is_over_has_nobody_to_blame():
    run = Run(about(*[0] * 20, count=1, seconds=0.1), 1)
    run.die(run.workers[0], within=False)
    parcel = next(iter(run.workers[0].parcels.values()))
    assert len(parcel.tests) == 3
    run.finish()
    assert run.ran == Counter(range(20))
    assert not run.blamed


def test_what_kills_again_while_measuring_is_given_alone():
    run = Run(about(*[0] * 20, count=1, seconds=0.1), 1)
    for _ in range(2):
        run.die(run.workers[0], within=False)
    first = list(run.workers[0].parcels.values())
    assert [(len(parcel.tests), parcel.together) for parcel in first[:1]] == [(3, True)]
    run.die(run.workers[0], within=False)
    run.finish()
    assert run.ran == Counter(range(20))


def test_models_that_do_not_fit_together_are_loaded_one_after_the_other():
    taken = about(*[0] * 4, *[1] * 4, memory=40 * GIB, seconds=0.1)
    run = Run(taken, 2)
    first, second = run.workers
    assert first.queue
    assert not second.queue  # 64 GiB hold one of 40
    assert not second.told_to_stop
    run.finish()
    assert run.ran == Counter(range(8))


def test_one_worker_goes_when_all_wait_for_the_memory_that_they_hold():
    sizes = (20 * GIB, 20 * GIB, 50 * GIB)
    taken = about(*[0] * 4, *[1] * 4, *[2] * 4, count=3, memory=sizes, seconds=0.1)
    taken = replace(taken, runs=(10.0,) * 8 + (0.1,) * 4)
    run = Run(taken, 2)
    run.finish()
    assert run.ran == Counter(range(12))


def test_a_death_that_is_not_noticed_yet_is_no_error():
    sizes = (20 * GIB, 50 * GIB, 50 * GIB)
    run = Run(about(*[0] * 4, *[1] * 4, *[2] * 4, count=3, memory=sizes, seconds=0.1), 2)
    first, second = run.workers
    run.die(second, within=False, noticed=False)  # it waits for room
    while len(first.queue) > 1:
        run.step(first)
    run.bury(second)
    run.finish()
    assert run.ran == Counter(range(12))


def test_a_gpu_each_holds_a_model_each():
    def place(name):
        return Place("here", 2, 64 * GIB, (name[-1],), 48 * GIB)

    needs = tuple(ModelNeeds(f"m{n}", "cuda", 40 * GIB, 10.0) for n in range(2))
    tests = tuple(TestNeeds((n % 2,), (n,)) for n in range(8))
    run = Run(Census(needs, tests, (0.1,) * 8), 2, place)
    assert all(worker.queue for worker in run.workers)
    run.finish()
    assert run.ran == Counter(range(8))


def test_a_test_whose_end_was_told_is_not_blamed():
    run = Run(about(*[0] * 4, count=1, seconds=0.1), 1)
    (worker,) = run.workers
    test = worker.queue[0]
    run.scheduler.begun(run.ids[test])
    run.ran[test] += 1
    run.scheduler.over(run.ids[test])  # and no word that the worker is through with it
    run.die(worker, within=False)
    run.finish()
    assert run.ran == Counter(range(4))
    assert not run.blamed


def test_one_worker_is_told_while_another_is_on_its_way():
    run = Run(about(*[0] * 4, *[1] * 4, seconds=0.1), 2)
    dead = list(run.workers)
    for worker in dead:
        run.workers.remove(worker)
        assert run.scheduler.remove_node(worker) is None
    run.start()
    run.collect(run.start())
    run.finish()
    assert run.ran == Counter(range(8))


def test_a_worker_has_few_tests_at_hand_and_never_waits_for_more():
    run = Run(about(*[0] * 30, count=1, seconds=0.1), 1)
    (worker,) = run.workers
    (parcel,) = worker.parcels.values()
    assert len(parcel.tests) == 30
    while run.ran.total() < 29:
        assert 1 < len(worker.queue) <= 8
        run.step(worker)
    run.finish()
    assert run.ran == Counter(range(30))


def test_a_worker_that_was_told_to_stop_is_sent_nothing_more():
    run = Run(about(*[0] * 30, count=1, seconds=0.1), 1)
    (worker,) = run.workers
    worker.shutdown()  # as xdist does for -x
    run.finish()
    assert run.ran == Counter(range(8))
    assert len(run.scheduler.never_ran) == 22


def test_who_comes_in_place_of_another_and_collects_other_tests_goes():
    run = Run(about(*[0] * 12, count=1, seconds=0.1), 1)
    (dead,) = run.workers
    run.step(dead)
    run.workers.remove(dead)
    assert run.scheduler.remove_node(dead) is None
    run.collect(run.start(), [*run.ids, "another"])
    assert run.scheduler.tests_finished  # by which xdist ends
    run.finish()
    assert "Different tests were collected between gw0 and gw1" in run.reports[0].longrepr
    assert run.ran == Counter([0])
    assert len(run.scheduler.never_ran) == 11


def test_a_suite_of_no_claims_is_shared_out_as_xdist_does():
    def sent(scheduler, steps):
        """What each worker was sent, in order."""
        run = Run(Census((), (TestNeeds(),) * 200, ()), 3, scheduler=scheduler)
        for number, duration in steps:
            worker = run.workers[number % 3]
            if worker.can_run():
                run.scheduler.mark_test_complete(worker, worker.queue.pop(0), duration)
        return [(worker.sent, worker.told_to_stop) for worker in run.workers]

    draw = Random(0)  # noqa: S311 - no secret
    steps = [(draw.randrange(3), draw.choice((0.0, 0.2))) for _ in range(400)]
    assert sent(None, steps) == sent(LoadScheduling, steps)


events = st.lists(
    st.tuples(
        st.integers(0, 5), st.sampled_from(["step", "die", "kill", "lose", "leave", "collect"])
    )
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from([None, 0, 1, 2]), min_size=1, max_size=25),
    st.integers(1, 4),
    st.tuples(*[st.sampled_from([GIB, 20 * GIB, 30 * GIB, 50 * GIB, 90 * GIB])] * 3),
    st.sampled_from([0.1, 30.0]),
    events,
)
def test_whatever_dies_each_test_runs_once_or_is_blamed_once(tests, count, memory, seconds, steps):
    taken = about(*tests, count=3, memory=memory, seconds=seconds)
    if not taken.tests or all(not test.models for test in taken.tests):
        return
    run = Run(taken, count)
    run.slow = True
    for number, what in steps:
        if not run.workers:
            break
        worker = run.workers[number % len(run.workers)]
        if what == "step" and worker.can_run() and not worker.dead:
            run.step(worker)
        elif what == "collect" and not (worker.has_collected or worker.dead):
            run.collect(worker)
        elif what == "leave" and worker.told_to_stop and not worker.queue and not worker.dead:
            run.leave(worker)
        elif what == "lose" and not worker.dead:
            run.die(worker, within=False, noticed=False)
        elif what in ("die", "kill") and not worker.dead:
            run.die(worker, within=what == "kill" and bool(worker.can_run()))
        elif worker.dead:
            run.bury(worker)
    run.slow = False
    for worker in [each for each in run.workers if each.dead]:
        run.bury(worker)
    run.finish()
    assert set(run.ran) | set(run.blamed) == set(range(len(tests)))
    assert all(times == 1 for times in (*run.ran.values(), *run.blamed.values()))
    assert not set(run.ran) & set(run.blamed)
