.DEFAULT_GOAL := help
.PHONY: help build demo quick test golden bench check format clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

node_modules/.package-lock.json: package-lock.json
	@command -v npm >/dev/null || { echo 'error: npm is missing; install Node.js 20.19 or later (it brings npm)' >&2; exit 1; }
	npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

build: node_modules/.package-lock.json ## bundle policyd and policyctl into dist/
	@node deploy/build.mjs

demo: build ## the whole story in the lab: policies applied with kubectl, enforced, explained
	@examples/shop/demo.sh

quick: build ## under a minute: unit, semantics, command line, and few random cases
	@POLICYD_CASES=$${POLICYD_CASES:-100} test/run --project unit --project semantics --project cli --project property

test: build ## everything: unit, property, kernel and lab tests
	@test/run

golden: build ## write the golden files anew; then read the diff
	@POLICYD_CASES=10 test/run --project semantics --project cli --update=all
	@git status --short -- '*/golden/*'

bench: build ## what an event costs, beside bare nft (root; BENCH_SCALE=10 for a cluster ten times larger)
	@node --max-old-space-size=6000 test/bench/run.mjs

check: build ## format, lint, types, import direction, unused code, size, citations, help texts
	@npx --no-install biome check .
	@npx --no-install tsc --noEmit
	@npx --no-install depcruise --config .dependency-cruiser.json src
	@npx --no-install knip
	@.ci/structure
	@.ci/citations.mjs
	@.ci/help
	@echo 'check: all is well'

format: node_modules/.package-lock.json ## format and apply safe fixes
	@npx --no-install biome check --write .

clean: ## remove what was built
	rm -rf dist coverage
