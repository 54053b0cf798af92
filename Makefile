# Every target makes the environment it needs. PYTHON=python3.13 chooses another interpreter (3.11 or newer).
PYTHON ?= python3
VENV := .venv
# DVC runs the stages with this PATH: `python` in dvc.yaml is the environment's.
export PATH := $(abspath $(VENV))/bin:$(PATH)

.DEFAULT_GOAL := help
.NOTPARALLEL: # there is one environment, and one run
.PHONY: help repro watch explore test check chaos compare results queue experiments bench gpu gpu-quality zoo tune protocol notebook readme clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

repro: $(VENV)/ready ## run the pipeline on the embedded data set; afterwards open report/index.html
	@$(VENV)/bin/python -m gans.repro
	@$(VENV)/bin/python -m gans.pages.reproduced
	@echo "Done: open report/index.html"

watch: $(VENV)/ready-to-watch ## see what trains in TensorBoard, beside a run (one that starts after this was installed)
	$(VENV)/bin/tensorboard --logdir "$${GANS_SCRATCH:-scratch}/live"

explore: $(VENV)/ready ## move through latent space in the browser: report/explore.html over the zoo and what is trained
	@$(VENV)/bin/python -m stages.explore
	@$(VENV)/bin/python -c 'import pathlib, webbrowser; page = pathlib.Path("report/explore.html").resolve(); print(page); webbrowser.open(page.as_uri())'

test: $(VENV)/ready-to-test ## run all tests
	OMP_NUM_THREADS=1 $(VENV)/bin/pytest -n 2 --dist loadfile --no-loadscope-reorder

check: $(VENV)/ready-to-test ## lint, types, the arrows between packages, and the fast tests
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/pytest -m "not slow"

TRIALS ?= 10
chaos: $(VENV)/ready ## disturb short trainings at random and compare what comes of them: make chaos TRIALS=50
	@$(VENV)/bin/python tests/chaos.py $(TRIALS)

compare: $(VENV)/ready ## set this run beside another: make compare REV=main writes report/compare.html
	@$(VENV)/bin/python -m gans.pages.comparison "$$REV"

results: $(VENV)/ready ## put several runs into one table, report/results.md: make results REVS="main other"
	@$(VENV)/bin/python -m gans.pages.results "$$REVS"

JOBS ?= 1
queue: $(VENV)/ready ## run the experiments in the queue, with JOBS=2 two at a time, and wait for the last
	@$(VENV)/bin/dvc queue start --jobs $(JOBS)
	@while sleep 5; tasks=$$($(VENV)/bin/dvc queue status) || exit 1; echo "$$tasks" | grep -Eq '(Queued|Running) *$$'; do \
	if echo "$$tasks" | grep -q ': 0 active, 0 idle'; then $(VENV)/bin/dvc queue start --jobs $(JOBS) || exit 1; fi; done; \
	echo "$$tasks"; ! echo "$$tasks" | grep -q 'Failed *$$' || \
	{ echo 'Some failed: "dvc queue logs NAME" says why, "dvc queue remove --failed" forgets them.'; exit 1; }

experiments: $(VENV)/ready ## list the experiments: what was changed, and what FID each variant has
	@$(VENV)/bin/python -m gans.pages.experiments

bench: $(VENV)/ready ## measure speed beside the tutorial's loop, 15 minutes; 3 with QUICK=1
	$(if $(QUICK),,$(VENV)/bin/python benchmarks/preprocess.py)
	$(if $(QUICK),,$(VENV)/bin/python benchmarks/memory.py)
	$(if $(QUICK),,$(VENV)/bin/python benchmarks/measures.py)
	$(VENV)/bin/python benchmarks/throughput.py $(if $(QUICK),--quick)

# No network and no environment of its own: PYTHON is one that has torch, and what docs/gpu.md names.
gpu: ## on a machine with a GPU: run its tests and measure speed, within 9 minutes: make gpu PYTHON=python3
	@$(PYTHON) benchmarks/gpu.py speed

gpu-quality: ## on a machine with a GPU: train on two million images, 9 minutes at a time: make gpu-quality DATA=folder
	@$(PYTHON) benchmarks/gpu.py quality $(if $(DATA),--data "$$DATA")

zoo: $(VENV)/ready-for-zoo ## train an entry of zoo/recipes.yaml as an experiment, and pack it: make zoo NAME=vae-toyfaces
	@$(VENV)/bin/python -m gans.packing "$$NAME" "$$DATA_ROOT"

protocol: $(VENV)/ready ## train and score as published, see docs/celeba.md: make protocol NAME=mimicry, with DRY=1 DATA_ROOT=folder in minutes
	@$(VENV)/bin/python -m gans.protocols "$$NAME" "$$DATA_ROOT" "$$DRY"

tune: $(VENV)/ready ## give each variant the same number of short trainings: make tune VARIANT="dcgan sngan" JOBS=2
	@$(VENV)/bin/python -m gans.tuning.sweep "$$VARIANT" "$$DATASET" "$$DATA_ROOT" "$(JOBS)"

notebook: $(VENV)/ready-to-test ## run docs/tour.ipynb again
	$(VENV)/bin/python docs/run_notebook.py

readme: $(VENV)/ready ## bring the README's table and picture up to the last run
	$(VENV)/bin/python docs/update_readme.py

clean: ## remove the environment, what the pipeline wrote, and interrupted work; DVC's cache stays
	rm -rf $(VENV) data models samples report scratch

extras :=
$(VENV)/ready-to-watch: extras = [tensorboard]
$(VENV)/ready-for-zoo: extras = [zoo]
$(VENV)/ready-to-test: extras = [test]
# Compiled at the end, on all cores: where PYTHONDONTWRITEBYTECODE is set, each program would do it anew otherwise.
# (Some packages bring files that are no Python of this version; pip, too, passes them over.)
$(addprefix $(VENV)/, ready ready-to-watch ready-for-zoo ready-to-test): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; $(PYTHON) is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.12")'
	@$(VENV)/bin/python -m pip --version > /dev/null 2>&1 || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt -e '.$(extras)'
	@$(VENV)/bin/python -m compileall -qq -j 0 $(VENV)/lib || true
	touch $(VENV)/ready $@
