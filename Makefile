# Everything a developer or a pipeline does. `make demo` and `make test` need
# nothing but Go and a way to the module proxy.
GO      ?= go
BIN     := bin/trueup
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
FUZZ    ?= 10s
SEEDS   ?= 20000
FROM    ?= 0
SOAK    ?= 10000

.PHONY: build demo test policy check race fuzz soak bench generate clean

build:
	$(GO) build -trimpath -ldflags "-X trueup/cli.version=$(VERSION)" -o $(BIN) .

# The main job on the built-in simulator: from nothing to an empty second plan.
demo: build
	GO="$(GO)" BIN="$(CURDIR)/$(BIN)" sh examples/demo.sh

test:
	$(GO) test -timeout 20m ./...

# The policies of the examples, a module of their own.
policy:
	$(GO) test -C examples/policy ./...

# GORACE: else each of the many processes sleeps for a second at its end.
race:
	GORACE=atexit_sleep_ms=0 $(GO) test -race -short -timeout 25m ./...

# Format, vet, staticcheck, the workflows of the examples, generated files. Layering is held by a test.
check:
	@out=$$(gofmt -l .); if [ -n "$$out" ]; then echo "gofmt would change:"; echo "$$out"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) tool -modfile=.ci/tools.mod actionlint -shellcheck= -pyflakes= examples/ci/github/*.yml
	$(GO) generate ./...
	@git diff --exit-code -- docs/reference.md docs/schema.json docs/plan.schema.json || { echo "generated files were not current: commit what make generate made"; exit 1; }

generate:
	$(GO) generate ./...

fuzz:
	sh .ci/fuzz $(FUZZ)

# Stories of applies by seed, from the seed FROM on, and one apply of SOAK
# objects with faults: docs/reliability.md.
soak:
	TRUEUP_SEEDS=$(SEEDS) TRUEUP_FROM=$(FROM) TRUEUP_SOAK=$(SOAK) $(GO) test -count=1 -v -timeout 5h -run '^(TestSeeds|TestSoak)$$' ./cli

bench: build
	$(GO) run ./bench

clean:
	rm -rf bin .trueup
