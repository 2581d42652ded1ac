# `make run` runs the whole workflow, from the corpora to the package. `make check` checks style and types, in seconds. `make test`
# runs the tests. `make test-long` also runs the slow ones, and the property tests with many more examples, which takes hours.
# Each sets up a virtual environment first, and can be repeated. To override a variable, use `make run ARGS="--vars.seed 1"`; to
# select tests, `make test ARGS="tests/corpora -x"`.

PYTHON ?= python3
VENV ?= .venv
ARGS ?=

# Keep headers and output in order, in log files too.
export PYTHONUNBUFFERED = 1

# Two processes with one file at a time, in the order of tests/conftest.py. Not loadgroup, which doesn't work with these versions of
# pytest and xdist.
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

# Otherwise, pip compiles all 14,000 modules, which takes nearly a minute. Only about a quarter of them are ever imported.
$(VENV)/installed: requirements.txt | python
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --no-compile -r requirements.txt
	PYTHONDONTWRITEBYTECODE= $(VENV)/bin/python -c "import scripts.package, scripts.report"
	touch $@

# seqeval has no wheel. Without --use-pep517, the pip of Python 3.11 builds it with the newest setuptools_scm, but without that
# package's own requirements, and fails.
$(VENV)/installed-tests: requirements-test.txt $(VENV)/installed
	$(VENV)/bin/python -m pip install --use-pep517 -r requirements-test.txt
	touch $@

# Stop if the requirements don't support this Python, or if PYTHON is set and isn't the one that the environment was made with.
python:
	@made=`test ! -x $(VENV)/bin/python || $(VENV)/bin/python -c '$(VERSION)'`; \
	if [ "$$made" ] && [ "$(origin PYTHON)" = file ]; then exit 0; fi; \
	version=`$(PYTHON) -c '$(VERSION)'` || exit 1; \
	case $$version in \
		3.11|3.12|3.13) ;; \
		*) echo "Python 3.11, 3.12 or 3.13 is required (got $$version). Try: make PYTHON=python3.13"; exit 1;; \
	esac; \
	if [ "$${made:-$$version}" != $$version ]; then \
		echo "$(VENV) has Python $$made, not $$version. Delete it, or keep both: make VENV=.venv-$$version"; exit 1; \
	fi
