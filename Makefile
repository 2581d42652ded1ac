# `make run` makes everything from the corpora to the package; `make check` looks at style and types, in seconds; `make test`
# runs the tests; `make test-long` runs the slow ones too, and the property tests on many more examples, for hours.
# Each sets up a virtual environment first, and can be repeated. `make run ARGS="--vars.seed 1"` overrides a variable,
# `make test ARGS="tests/corpora -x"` chooses tests.

PYTHON ?= python3
VENV ?= .venv
ARGS ?=

# Headers and output in their order, also in a log file.
export PYTHONUNBUFFERED = 1

# Two processes, a file at a time, in the order of tests/conftest.py. Not loadgroup, which this pytest and this xdist do
# not do together.
PROCESSES = -n 2 --dist loadfile --no-loadscope-reorder
VERSION = import sys; print("%d.%d" % sys.version_info[:2])

.PHONY: run check test test-long python
run: $(VENV)/installed
	$(VENV)/bin/python -m weasel run all . $(ARGS)

check: $(VENV)/installed-tests
	$(VENV)/bin/python -m ruff check .
	$(VENV)/bin/python -m mypy

test: $(VENV)/installed-tests
	$(VENV)/bin/python -m pytest $(PROCESSES) $(ARGS)

test-long: $(VENV)/installed-tests
	$(VENV)/bin/python -m pytest $(PROCESSES) -m "" --hypothesis-profile thorough $(ARGS)

# pip would compile all 14,000 modules, for nearly a minute. Those that are ever imported are about a quarter of them.
$(VENV)/installed: requirements.txt | python
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --no-compile -r requirements.txt
	PYTHONDONTWRITEBYTECODE= $(VENV)/bin/python -c "import scripts.package, scripts.report"
	touch $@

$(VENV)/installed-tests: requirements-test.txt $(VENV)/installed
	$(VENV)/bin/python -m pip install -r requirements-test.txt
	touch $@

# Stop at a Python that the requirements are not there for, or that is named but has not made the environment that is there.
python:
	@made=`test ! -x $(VENV)/bin/python || $(VENV)/bin/python -c '$(VERSION)'`; \
	if [ "$$made" ] && [ "$(origin PYTHON)" = file ]; then exit 0; fi; \
	version=`$(PYTHON) -c '$(VERSION)'` || exit 1; \
	case $$version in \
		3.11|3.12|3.13) ;; \
		*) echo "Python 3.11, 3.12 or 3.13 is needed, this is $$version. Try: make PYTHON=python3.13"; exit 1;; \
	esac; \
	if [ "$${made:-$$version}" != $$version ]; then \
		echo "$(VENV) is of Python $$made, not $$version. Delete it, or keep both: make VENV=.venv-$$version"; exit 1; \
	fi
