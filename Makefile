# Targets that show something print one JSON object as their last line.
SHELL := /bin/bash
.PHONY: build test check fuzz

build:
	CGO_ENABLED=0 go build -trimpath -o bin/ ./cmd/...

test:
	go run ./tests/all

check:
	@test -z "$$(gofmt -l . | tee /dev/stderr)"
	go vet ./...
	go test ./tests/house
	go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.6.2 run ./...
	go test -race -short ./internal/...

FUZZTIME ?= 30s
fuzz:
	go run ./tests/fuzz -time $(FUZZTIME)
