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
