# `make claims` runs the shipped claims on real models; `make test` runs the tests.
# Both make their own virtual environment: all they need is Python 3.11 or later, with pip.

PYTHON ?= python3
VENV ?= .venv
RUN := $(VENV)/bin/python -m
PACKAGES := circuit_assert plugins benchmarks
# Files that take long come first, so that at the end both processes have something to do.
TESTS := tests/test_docs.py tests/benchmarks tests/ground_truth tests/pytest_plugin tests

.PHONY: claims test check calibrate bench clean

claims: $(VENV)/installed
	$(RUN) pytest hypotheses $(ARGS)

test: $(VENV)/installed check
	OMP_NUM_THREADS=1 $(RUN) pytest $(TESTS) -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

# How often verdicts are wrong, by simulation. JSON=file also writes every row there.
calibrate: $(VENV)/installed
	OMP_NUM_THREADS=1 $(RUN) benchmarks.calibration $(if $(JSON),--json $(JSON)) $(ARGS)

# How long the engine takes, beside the usual way. NAMES="sweep fused" for some; JSON=file as above.
bench: $(VENV)/installed
	$(RUN) benchmarks $(NAMES) $(if $(JSON),--json $(JSON))

check: $(VENV)/installed
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) pyright --pythonpath $(VENV)/bin/python $(PACKAGES)

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(RUN) pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) dist .pytest_cache .ruff_cache
