# Gongshu. `make help` lists what there is.

SHELL := /bin/sh
GO ?= go
# Absolute: what is run has a working folder of its own. `make -C` sets it.
ROOT := $(CURDIR)
GONGSHU_HOME ?= $(ROOT)/.gongshu
BIN := $(ROOT)/.gongshu/bin
LISTEN ?= 127.0.0.1:8080
# Further flags of `gongshu dev`, such as DEV_FLAGS="--temporal-address 127.0.0.1:7233".
DEV_FLAGS ?=

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: run
run: build devserver ## build what is needed and run everything; Ctrl-C stops it
	@exec "$(BIN)/gongshu" dev --home "$(GONGSHU_HOME)" --listen "$(LISTEN)" --devserver "$(BIN)/gongshu-devserver" $(DEV_FLAGS)

.PHONY: build
build: ## build the program, .gongshu/bin/gongshu
	@mkdir -p "$(BIN)"
	@cd "$(ROOT)" && $(GO) build -o "$(BIN)/gongshu" ./cmd/gongshu

.PHONY: devserver
devserver: ## build the Temporal server, .gongshu/bin/gongshu-devserver, unless it is current
	@GO="$(GO)" "$(ROOT)/devserver/build.sh" "$(BIN)"

.PHONY: clean
clean: ## remove what was built; the data stay
	rm -rf "$(BIN)"

.PHONY: clean-data
clean-data: ## remove the data of `make run`: database, logs, passwords
	@if [ -f "$(GONGSHU_HOME)/postgres/data-is-in" ]; then rm -rf "$$(cat "$(GONGSHU_HOME)/postgres/data-is-in")"; fi
	rm -rf "$(GONGSHU_HOME)/postgres" "$(GONGSHU_HOME)/log" "$(GONGSHU_HOME)/state.json" "$(GONGSHU_HOME)/temporal.db"

# The checks. `make check` is what CI runs; each step is a target of its own.

# Tools are pinned in tools/go.mod and built into Go's cache; they are no dependency of the program.
TOOL := $(GO) tool -modfile=tools/go.mod
# The packages in which goroutines meet, and their tests in which one goroutine does much and meets nobody.
RACE_SKIP := ^(TestTheBoardCountsWhatItLists|TestAdministeredPolicy|TestAdministrationsAreApart|TestFieldsAboveOnesGradeAreAbsent|TestABatchOfReports|TestImportMany|TestAPeerLearnsNothingOfOthersDisputes)$$
RACE_PACKAGES ?= ./regulation ./almanac ./postgres ./activities ./workflows ./worker ./desk ./api
# Further flags of go test, such as TEST_FLAGS="-count=1 -run TestSubmit".
TEST_FLAGS ?=

.PHONY: test
test: ## pass the tests; needs nothing prepared (browser tests are skipped without Chromium)
	@cd "$(ROOT)" && $(GO) test -timeout 25m $(TEST_FLAGS) ./...

# How often each race is run; CI runs fewer, to be done in time.
ROUNDS ?= 1000
.PHONY: races
races: ## run every race between two people, or a person and time, a thousand times: exactly one wins
	@cd "$(ROOT)" && $(GO) test ./desk -count 1 -run 'Against|Races|AtTheLimit|TwoOfficers' -rounds $(ROUNDS) -timeout 40m $(TEST_FLAGS)

.PHONY: test-race
test-race: ## pass the tests in which goroutines meet, with the race detector
	@cd "$(ROOT)" && $(GO) test -race -run '^TestSwapUnderLoad$$' $(TEST_FLAGS) ./policies
	@cd "$(ROOT)" && $(GO) test -race -timeout 25m -skip '$(RACE_SKIP)' $(TEST_FLAGS) $(RACE_PACKAGES)

.PHONY: e2e
e2e: build devserver ## pass the end-to-end tests, on a real Temporal server
	@cd "$(ROOT)" && GONGSHU_BIN="$(BIN)/gongshu" GONGSHU_DEVSERVER="$(BIN)/gongshu-devserver" \
		$(GO) test -tags e2e -count=1 -parallel 6 -timeout 20m $(TEST_FLAGS) ./cmd/gongshu/dev ./e2e/...

.PHONY: fmt
fmt: ## format the sources
	@cd "$(ROOT)" && gofmt -w */

.PHONY: lint
lint: ## look for mistakes without running anything: gofmt, vet, staticcheck, states, workflows, import rules
	@cd "$(ROOT)" && unformatted=$$(gofmt -l */) && if [ -n "$$unformatted" ]; then echo "make fmt formats:"; echo "$$unformatted"; exit 1; fi
	@cd "$(ROOT)" && $(GO) test ./internal/rules
	@cd "$(ROOT)" && $(GO) vet -tags e2e ./... && $(GO) vet -tags bench ./e2e
	@cd "$(ROOT)" && $(TOOL) workflowcheck ./workflows/...
	@# a switch over states names all of them or has a default
	@cd "$(ROOT)" && $(TOOL) exhaustive -d -typeonly 'State$$' ./...
	@cd "$(ROOT)" && $(TOOL) staticcheck -tags e2e ./... && $(TOOL) staticcheck -tags bench ./e2e

# Apart from lint, since it needs the Temporal server compiled; -trimpath, since build.sh compiles it so.
.PHONY: lint-devserver
lint-devserver: devserver ## vet and test the module of the Temporal server
	@cd "$(ROOT)/devserver" && $(GO) test -trimpath -vet=all ./...

.PHONY: generate
generate: ## write what is generated: the tables in docs/
	@cd "$(ROOT)" && $(GO) generate ./...
	@cd "$(ROOT)" && $(GO) test -count=1 -run '^TestTheDrawingIsCurrent$$' ./sharing -update
	@cd "$(ROOT)" && $(GO) test -count=1 -run '^TestMatrix$$' ./policies -update
	@cd "$(ROOT)" && $(GO) test -count=1 -run '^TestDocsAreCurrent$$' ./api -update
	@cd "$(ROOT)" && mkdir -p "$(BIN)" && $(GO) run ./cmd/gongshu regulation docs >"$(BIN)/regulations.md" && mv "$(BIN)/regulations.md" docs/regulations.md

.PHONY: screenshots
screenshots: ## take the pictures of docs/images from the tour, with Chromium
	@cd "$(ROOT)" && mkdir -p "$(BIN)/screenshots" docs/images && CI=yes WEB_SCREENSHOTS="$(BIN)/screenshots" $(GO) test -count=1 -run '^TestTourInBrowser$$' ./web && \
	for name in home-1280 tour-board-1280 tour-case-1280 tour-case-390; do cp "$(BIN)/screenshots/$$name.png" docs/images/; done

.PHONY: generated
generated: ## fail if `make generate` changes a file; what it wrote stays
	@cd "$(ROOT)" && mkdir -p "$(BIN)" && \
	sums() { git ls-files -z --cached --others --exclude-standard | xargs -0 cksum 2>/dev/null || true; } && \
	sums >"$(BIN)/before.sums" && $(MAKE) --no-print-directory generate && sums >"$(BIN)/after.sums" && \
	if ! cmp -s "$(BIN)/before.sums" "$(BIN)/after.sums"; then \
		echo "make generate writes other files than there were:"; diff "$(BIN)/before.sums" "$(BIN)/after.sums"; exit 1; fi

# In the order in which mistakes are found soonest; the Temporal server takes minutes to compile the first time.
.PHONY: check
check: export ROUNDS = 200
check: ## what CI runs: all of the above
	@for step in generated lint test races test-race devserver lint-devserver e2e; do \
		begin=$$(date +%s); echo "== $$step"; \
		$(MAKE) --no-print-directory -f "$(firstword $(MAKEFILE_LIST))" $$step || exit; \
		echo "== $$step: $$(( $$(date +%s) - begin )) s"; \
	done

.PHONY: bench
bench: build devserver ## measure submit and answer beside bare Temporal, memory, and the start
	@cd "$(ROOT)" && GONGSHU_BIN="$(BIN)/gongshu" GONGSHU_DEVSERVER="$(BIN)/gongshu-devserver" $(GO) test -tags bench -count 1 -timeout 10m -v -run '^TestFigures$$' ./e2e

.PHONY: record-histories
record-histories: build devserver ## record the histories of workflows/testdata anew; only for workflow code that has run nowhere yet
	@cd "$(ROOT)" && GONGSHU_BIN="$(BIN)/gongshu" GONGSHU_DEVSERVER="$(BIN)/gongshu-devserver" $(GO) test -tags e2e -count 1 -timeout 10m -run '^TestHistories$$' ./e2e -update
