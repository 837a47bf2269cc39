# Targets that show something print one JSON object as their last line.
SHELL := /bin/bash
.PHONY: build test check fuzz bench-ingest storm bench-stream bench-solver solver-cpsat ablation gaps bench-forecast executor-table kubernetes console e2e vm

RUNS ?= 3
SEED ?= 7
KILLS ?= 10
FUZZTIME ?= 30s
# The last line that is a JSON object, of what a test prints.
last_json = | tee /dev/stderr | sed -n 's/^[^{]*\({.*}\)[^}]*$$/\1/p' | tail -n 1

build:
	CGO_ENABLED=0 go build -trimpath -o bin/ ./cmd/...

test:
	go run ./tests/all

# Binaries, archive, Debian package, SBOM and checksums in dist/; ARCH=amd64,arm64
# for both. release-check builds twice and compares, and runs what was built.
.PHONY: release release-check
ARCH ?= $(shell go env GOARCH)
release:
	go run ./deploy/release -out dist -arch $(ARCH)
release-check:
	go run ./deploy/release -out dist -arch $(ARCH) -check

# The container image, with the same files as the release's, as drover and
# drover:VERSION; ENGINE=podman for another engine, BUILD for more of its flags.
.PHONY: image compose-check
ENGINE ?= docker
image:
	v=$$(git describe --tags --always --dirty --match 'v[0-9]*') && r=$$(git rev-parse HEAD | cut -c1-12) && case $$v in *-dirty) r=$$r+;; esac && \
	$(ENGINE) build -f deploy/Dockerfile -t drover -t drover:$$v --build-arg GO=$$(go env GOVERSION | sed s/^go//) --build-arg VERSION=$$v \
		--build-arg REVISION=$$r --build-arg COMMIT="$$(git log -1 --format='%H %ct')" $(BUILD) .

# Runs deploy/compose.yaml by a real Docker (up, a plan, kills, down, up), then
# builds the image and compares it with the release's. Root is needed; everything
# happens in namespaces of its own. IN=FOLDER: keep it, go on where it ended.
IN ?=
compose-check:
	@go run ./tests/compose -in "$(IN)"

check:
	@test -z "$$(gofmt -l . | tee /dev/stderr)"
	go vet ./...
	go test ./tests/house
	go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.6.2 run ./...
	go test -race -short ./internal/...

fuzz:
	@go run ./tests/fuzz -time $(FUZZTIME)

storm:
	@set -o pipefail; DROVER_REQUIRE_ALL=1 DROVER_STORM_KILLS=$(KILLS) DROVER_STORM_SEED=$(SEED) go test ./tests/pipeline -run Storm -count 1 -v -timeout 12h $(last_json)

bench-stream:
	@set -o pipefail; DROVER_REQUIRE_ALL=1 go test ./tests/stream -run '^$$' -bench Stream -benchtime 1x -timeout 60m $(last_json)

bench-ingest:
	go run ./tests/worst

bench-solver:
	@set -o pipefail; go test -run '^$$' -bench Moves ./internal/solver ./internal/cli/solve | tee /dev/stderr | awk '/^BenchmarkMoves/ { \
		split($$1, name, /[\/-]/); for (k = 3; k < NF; k += 2) if ($$(k+1) != "ns/op") { \
		out = out sep "\"" name[2] " " $$(k+1) "\":" sprintf("%.0f", $$k); sep = "," } } END { print "{" out "}" }'

# What each part of the search is worth, on public instances.
DATA ?= ../shared/data/roadef2012
ablation:
	go build -o bin/drover ./cmd/drover
	go run ./tests/ablation -drover bin/drover -data $(DATA)

# How the search closes in on its bound: pictures for the documentation.
INSTANCES ?= a1_4 a2_2 a2_3 a2_5 b_1 b_2 b_3 b_4 b_5
BUDGET ?= --cpu-time 25s
gaps:
	go build -o bin/drover ./cmd/drover
	mkdir -p bin/gaps docs/solver
	for i in $(INSTANCES); do bin/drover solve roadef --model $(DATA)/model_$$i.txt --initial $(DATA)/assignment_$$i.txt \
		--out bin/gaps/$$i.txt --trace bin/gaps/$$i.csv $(BUDGET) -o json 2>/dev/null || exit 1; done
	go run ./tests/curves -gaps -reference $(DATA)/reference.csv -out docs/solver $(INSTANCES:%=bin/gaps/%.csv)

# Small random problems against OR-tools CP-SAT (pip install ortools).
solver-cpsat:
	@set -o pipefail; go test -tags cpsat ./internal/solver -run AgreesWithCPSAT -count 1 -v -timeout 30m $(last_json)

bench-forecast:
	@go run ./tests/forecast

move-redis move-postgres move-http move-files: move-%:
	@go run ./tests/move/cmd $* -runs $(RUNS) -seed $(SEED)

# A real Redis moved between two network namespaces because a forecast said so.
.PHONY: demo-move
demo-move:
	@go build -o bin/ ./cmd/drover
	@go run ./tests/move/cmd demo

# Fills the tables of docs/executor.md, too.
executor-table:
	@go run ./tests/move/cmd table -document docs/executor.md

kubernetes:
	@go run ./tests/kubernetes/cmd show

# The web console's assets, from their sources in web/ (Node.js is needed).
console:
	npm --prefix web ci --no-fund --no-audit
	npm --prefix web run build

e2e:
	@npm --prefix web ci --no-fund --no-audit >&2
	@set -o pipefail; DROVER_REQUIRE_ALL=1 go test ./tests/e2e -run 'TestTheStory$$' -count 1 -v -timeout 20m $(last_json)

vm:
	@go run ./tests/vm/cmd
