# Two commands do everything: `make demo` and `make test`. The rest is listed by `make help`.
SHELL := /bin/bash
export CARGO_TARGET_DIR ?= $(HOME)/.cache/vedette/target
VEDETTE_DEBUG := $(CARGO_TARGET_DIR)/debug/vedette
VEDETTE_RELEASE := $(CARGO_TARGET_DIR)/release/vedette
WEB_SOURCES := $(shell find web/src web/index.html web/public web/package.json web/vite.config.ts 2>/dev/null)
SCHEMATHESIS := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/vedette/schemathesis
PLAYERS := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/vedette/players
AIORTC := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/vedette/aiortc
# Each checkout has its own stamp: the folder that was installed into is part of it.
WEB_MODULES := web/node_modules/.installed
OIDC_MODULES := e2e/oidc/node_modules/.installed

.PHONY: help setup build demo run-server run-sim check test e2e aiortc players schema bench soak fmt

help: ## This list.
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: ## Install the system packages that are missing; quick when none is.
	@scripts/setup-packages.sh

$(WEB_MODULES): web/package-lock.json
	cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(OIDC_MODULES): e2e/oidc/package-lock.json
	cd e2e/oidc && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

web/dist/index.html: $(WEB_MODULES) $(WEB_SOURCES)
	cd web && npm run --silent build

build: web/dist/index.html ## Build the console and the release binary.
	cargo build --release -p vedette

demo: setup build ## Start the server with eight simulated cameras and print its address.
	@$(VEDETTE_RELEASE) demo

run-server: build ## Run the server with the configuration of this folder.
	$(VEDETTE_RELEASE) serve

run-sim: build ## Be eight RTSP cameras at rtsp://127.0.0.1:8555/cam1 to cam8.
	$(VEDETTE_RELEASE) simulate --rtsp 127.0.0.1:8555 --cameras 8

fmt: ## Format the code.
	cargo fmt --all

check: setup web/dist/index.html ## Formatting, lints, documentation, licences of libraries, types of the console.
	cargo fmt --all -- --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet
	scripts/check-licences.sh
	cd web && npm run --silent check

test: setup web/dist/index.html $(OIDC_MODULES) ## All tests: units, contracts, the real binary with real clients, the console in Chromium.
	cargo test --workspace --exclude vedette-e2e --quiet
	cd web && npm run --silent test
	$(MAKE) --no-print-directory e2e

e2e: web/dist/index.html $(OIDC_MODULES) $(AIORTC)/bin/aiortc ## The real binary driven by real clients, and the console in Chromium.
	cargo build -p vedette
	VEDETTE_BIN=$(VEDETTE_DEBUG) cargo test -p vedette-e2e

# Of the version that the trials were last seen to pass with.
$(SCHEMATHESIS)/bin/st:
	python3 -m venv $(SCHEMATHESIS)
	$(SCHEMATHESIS)/bin/pip install --quiet schemathesis==4.32.5

$(AIORTC)/bin/aiortc:
	python3 -m venv $(AIORTC)
	$(AIORTC)/bin/pip install --quiet aiortc==1.16.0 aiohttp==3.14.5
	touch $@

aiortc: $(AIORTC)/bin/aiortc ## Install aiortc, a WebRTC peer of another maker, for the trials.

$(PLAYERS)/.installed:
	python3 -m venv $(PLAYERS)
	$(PLAYERS)/bin/pip install --quiet aiortc==1.16.0 aiohttp==3.14.5 NetfilterQueue==1.1.0
	touch $@

players: $(PLAYERS)/.installed ## Install what the trial of a bad network needs; to build: libnetfilter-queue-dev, python3-dev.

schema: $(SCHEMATHESIS)/bin/st web/dist/index.html ## Install schemathesis, and try the API's description with it.
	cargo build -p vedette
	VEDETTE_BIN=$(VEDETTE_DEBUG) cargo test -p vedette-e2e access::schema

bench: build ## Costs: hub, recorder beside ffmpeg, access, live viewers beside PEER=rtsp=8554,...,pid=1. PART=live: only that.
	$(if $(PART),,cargo bench --quiet -p vedette-hub)
	$(if $(filter-out access,$(PART)),,cargo bench --quiet -p vedette-access --bench cost)
	VEDETTE_BIN=$(VEDETTE_RELEASE) cargo run --release --quiet -p vedette-benches -- $(if $(CAMERAS),--cameras $(CAMERAS)) $(if $(PART),--part $(PART)) \
		$(if $(PEER),--peer '$(PEER)')

soak: build ## Long trials: twenty kills under load, long recordings, large pictures.
	VEDETTE_BIN=$(VEDETTE_RELEASE) VEDETTE_SOAK=1 cargo test --release -p vedette-e2e -- --nocapture
