# Each target does all its own set-up; the first run on a fresh machine installs, later ones start at once.
.DEFAULT_GOAL := help
.PHONY: help demo test rewritten-tests test-slow check notices dist
# Else each of the suite's processes, hundreds, would compile every module that it imports and rewrite the tests anew.
unexport PYTHONDONTWRITEBYTECODE

help: ## Say what there is
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: ## Run the demo: 200 billing inquiries, two held plans, one edit; ARGS="--interactive" passes options on
	@scripts/bootstrap.sh demo
	@.venv/bin/plangate demo $(ARGS)

check: ## Check style, types and the import law
	@scripts/bootstrap.sh demo
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy .
	.venv/bin/lint-imports --no-logo

test: ## Check, then run the whole suite on every service this machine can start
	@scripts/bootstrap.sh test
	@$(MAKE) --no-print-directory -j 2 --output-sync check rewritten-tests
	.venv/bin/pytest -q -n 4 --dist worksteal --maxfail 20  # two cores: much of it waits for other processes

# Once, beside the checks: else each process of the suite rewrites the asserts of all tests for itself.
rewritten-tests:
	@.venv/bin/pytest --collect-only -qq >/dev/null || true # what is wrong is said by the run itself

test-slow: ## Run what `make test` leaves out: the same promises, at more length and on more services
	@scripts/bootstrap.sh test
	.venv/bin/pytest -q -m slow -o faulthandler_timeout=3600

notices: ## Write THIRD_PARTY_NOTICES anew, from what requirements.lock installs
	@scripts/bootstrap.sh demo
	.venv/bin/python -m scripts.licences

dist: ## Make wheel, sdist and SBOM (CycloneDX), in dist/
	@scripts/bootstrap.sh demo
	.venv/bin/uv build --quiet --require-hashes --build-constraints requirements.lock --out-dir dist
	scripts/sbom.sh dist/plangate.cdx.json
