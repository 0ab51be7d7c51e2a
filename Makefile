# `make help` lists what there is. The README gives the plain commands behind each target.
SHELL := /bin/bash
PYTHON ?= python3.11
BIN := $(CURDIR)/.venv/bin
export PATH := $(BIN):$(PATH)
NEEDED_GB := 6
# JupyterLab would ask two hosts for news and for its latest version
QUIET_LAB := --LabApp.news_url=None --LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate

.PHONY: help environment repro test lab smoke compare book
help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

environment: .venv/ready ## build .venv from requirements.lock (about two minutes)

.venv/ready: requirements.lock pyproject.toml
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null || \
	  { echo "ghostnotes: needs Python 3.11, and '$(PYTHON)' is not one; try: make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@[ "$$(df -Pk . | awk 'NR==2 {print int($$4 / 1048576)}')" -ge $(NEEDED_GB) ] || \
	  { echo "ghostnotes: needs $(NEEDED_GB) GB of free disk here for the environment and the pipeline's files" >&2; exit 2; }
	"$(PYTHON)" -m venv .venv
	.venv/bin/python -m pip install -r requirements.lock
	.venv/bin/python -m pip install --no-deps tinysoundfont==0.3.7
	.venv/bin/python -m pip install --no-deps -e .
	@touch $@

repro: .venv/ready ## run the pipeline: every table, figure and lesson but those of your own music
	@python -m ghostnotes.parallel
	@python -m ghostnotes.notebook minutes

test: .venv/ready ## run the tests, the whole pipeline on a few rows among them
	@python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

lab: .venv/ready ## open the lessons in JupyterLab
	@jupyter lab notebooks/lessons $(QUIET_LAB)

smoke: .venv/ready ## run the whole pipeline on a few rows in build/smoke
	@python -m ghostnotes.profiles smoke build/smoke
	@cd build/smoke && python -m ghostnotes.parallel

compare: .venv/ready ## what this machine's reports have other than the committed ones, and whether a verdict changes
	@python -m ghostnotes.compare

book: .venv/ready .venv/book ## the lessons as they ran, as pages that need no network: build/book/index.html
	@python -m ghostnotes.book

.venv/book: .venv/ready book/requirements.lock
	@.venv/bin/python -m pip install --quiet --no-deps -r book/requirements.lock
	@touch $@
