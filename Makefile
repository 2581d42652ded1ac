# Two commands: `make run` makes everything from the corpora to the package, `make test` runs the tests.
# Both set up a virtual environment first; both can be repeated. `make run ARGS="--vars.seed 1"` overrides a variable.

PYTHON ?= python3
VENV ?= .venv
ARGS ?=

# Headers and output in their order, also in a log file.
export PYTHONUNBUFFERED = 1

.PHONY: run test
run: $(VENV)/installed
	$(VENV)/bin/python -m weasel run all . $(ARGS)

test: $(VENV)/installed
	$(VENV)/bin/python -m pytest $(ARGS)

$(VENV)/installed: requirements.txt
	$(PYTHON) -c "import sys; sys.exit(sys.version_info[:2] != (3, 11) and 'Python 3.11 is needed, this is ' + sys.version.split()[0] + '. Try: make PYTHON=python3.11')"
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install -r requirements.txt
	touch $@
