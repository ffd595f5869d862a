# People, CI and the documents all use these targets.
.DEFAULT_GOAL := help
RUN ?= runs/demo
bin := .venv/bin

.PHONY: help setup demo test extras check bench soak experiment seed lock clean

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

setup: ## Install everything the commands need, Chromium included
	@scripts/setup.sh

demo: setup ## A small model practises, improves, is examined again; ends with a report
	@$(bin)/apprentice improve --run $(RUN) --config recipes/demo.yaml

test: ## Install, then check style, types and floors, then run all tests
	@scripts/setup.sh dev
	@$(MAKE) --no-print-directory check
	@$(bin)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

check: ## Style, types, floors
	@$(bin)/ruff check -q . && $(bin)/ruff format -q --check . && echo "style: fine"
	@$(bin)/mypy --no-error-summary && echo "types: fine"
	@$(bin)/lint-imports --no-cache >/dev/null || { $(bin)/lint-imports --no-cache; exit 1; } && echo "floors: fine"

extras: ## The tests of Ray, BrowserGym, sentence encoders and TRL, in environments of their own
	@scripts/setup.sh dev
	@scripts/extras.sh

bench: ## Every figure of the README that speaks of speed
	@scripts/setup.sh dev
	@scripts/peer.sh
	@$(bin)/python bench/bench_steps.py --worlds 16
	@$(bin)/python bench/bench_rollout.py --contexts 16 --seeds 200
	@$(bin)/python bench/bench_sites.py --contexts 16 --episodes 247
	@$(bin)/python bench/bench_peer.py --peer .venv-peer/bin/python
	@$(bin)/python bench/bench_raw.py
	@$(bin)/python bench/bench_pages.py --peer .venv-peer/bin/python
	@$(bin)/python bench/bench_prune.py --peer .venv-peer/bin/python
	@$(bin)/python bench/bench_tokens.py
	@$(bin)/python bench/bench_vertex.py
	@$(bin)/python bench/bench_dataset.py --gigabytes 0.2

soak: ## 200 browsers killed under a rollout, and what came of it (ten minutes)
	@scripts/setup.sh dev
	@$(bin)/python bench/kills.py --kills 200 --worlds 8

experiment: ## The experiment of the README: five arms, two rounds, three training seeds (an hour and a half)
	@scripts/setup.sh
	@$(bin)/apprentice improve --run runs/experiment --config recipes/experiment.yaml
	@recipes/experiment.sh runs/experiment

seed: ## Build the seed model again from nothing (half an hour)
	@scripts/setup.sh
	@$(bin)/python recipes/seed_model.py --out runs/seed

lock: ## Resolve the versions again
	@scripts/lock.sh

clean: ## Remove the environment and caches; runs stay
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
