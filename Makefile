# `make claims` runs the shipped claims on real models; `make test` runs the tests.
# Both make their own virtual environment: all they need is Python 3.11 or later, with pip.

PYTHON ?= python3
VENV ?= .venv
RUN := $(VENV)/bin/python -m
PACKAGES := circuit_assert plugins benchmarks
TYPES := $(RUN) pyright --pythonpath $(VENV)/bin/python $(PACKAGES)
# Files that take long come first, so that at the end both processes have something to do.
TESTS := tests/benchmarks tests/real_models tests/test_docs.py tests/test_packaging.py \
	tests/test_notebook.py tests/ground_truth tests/pytest_plugin tests

.PHONY: claims checkpoints test check lint calibrate bench clean

claims: checkpoints
	$(RUN) pytest hypotheses $(ARGS)

# Trains the two small models of hypotheses/induction_training, where that has not been done.
checkpoints: $(VENV)/installed
	$(VENV)/bin/python hypotheses/induction_training/train.py

# Types are checked beside the tests, and what is found is said after them. Compiled once, the
# packages need not be compiled by each process that a test starts.
test: $(VENV)/installed lint
	@$(RUN) compileall -q $(PACKAGES)
	@$(TYPES) > $(VENV)/types 2>&1 & types=$$!; \
	OMP_NUM_THREADS=1 $(RUN) pytest $(TESTS) -n 2 --dist loadfile --no-loadscope-reorder $(ARGS); \
	tests=$$?; wait $$types; types=$$?; cat $(VENV)/types; exit $$((tests | types))

# How often verdicts are wrong, by simulation. JSON=file also writes every row there.
calibrate: $(VENV)/installed
	OMP_NUM_THREADS=1 $(RUN) benchmarks.calibration $(if $(JSON),--json $(JSON)) $(ARGS)

# How long the engine takes, beside the usual way. NAMES="sweep fused" for some; JSON=file as above.
bench: $(VENV)/installed
	$(RUN) benchmarks $(NAMES) $(if $(JSON),--json $(JSON))

check: lint
	$(TYPES)

lint: $(VENV)/installed
	$(RUN) ruff check .
	$(RUN) ruff format --check .

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(RUN) pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) dist .pytest_cache .ruff_cache
