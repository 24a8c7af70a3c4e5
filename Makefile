# `make help` lists what can be made. Variables: PKG narrows test, repeat, bench and fuzz,
# e.g. `make test PKG=./simulator/config`.

PKG      ?= ./...
FUZZTIME ?= 1m
COUNT    ?= 20
# Set with =, as make has a LINT of its own. Run from source, so that the module's own requirements stay free of the linter's.
LINT      = go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

.DEFAULT_GOAL := help
.PHONY: help run test repeat check fmt lint lint-version bench bench-fleet bench-instrument bench-pcap soak-fleet soak-pcap fuzz faults mutation servers fusionpbx dist pictures vuln

help: ## say what can be made
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-13s %s\n", $$1, $$2 }'

run: ## provision a phone from the embedded server and show what it does
	go run ./cmd/fipsim phone

test: ## run all tests; those that need root or a real server say so and are skipped
	go test $(PKG)

repeat: ## run the tests COUNT times (20), each time in another order, until one fails
	@for i in $$(seq $(COUNT)); do echo "run $$i of $(COUNT)"; go test -vet=off -timeout 40m -count=1 -shuffle=on $(PKG) || exit 1; done

# Go 1.26 at times misses a cached import that is there, "could not import …" (see
# go.dev/issue/77116): vet and the linters get a second try, and the tests leave vet out.
check: ## the whole gate: gofmt, go vet, the linters, tests with -race, -shuffle and -short
	@bad=$$(git ls-files -co --exclude-standard '*.go' | while IFS= read -r f; do [ -e "$$f" ] && printf '%s\n' "$$f"; done | xargs -d '\n' -r gofmt -l); \
	if [ -n "$$bad" ]; then printf 'not gofmt-ed, run make fmt:\n%s\n' "$$bad"; exit 1; fi
	go vet ./... || go vet ./...
	$(LINT) run ./... || $(LINT) run ./...
	go test -race -short -shuffle=on -vet=off -timeout 40m ./...

.PHONY: k6 check-k6 bench-k6
k6: ## build bin/k6-fipsim: k6 with phones in it, a module of its own (docs/k6.md)
	go build -C cmd/k6-fipsim -o ../../bin/k6-fipsim .

check-k6: ## the gate of that module: go vet, the linters, its tests; two minutes more where k6 was never built
	cd cmd/k6-fipsim && { go vet ./... || go vet ./...; }
	cd cmd/k6-fipsim && { $(LINT) run ./... || $(LINT) run ./...; }
	cd cmd/k6-fipsim && go test -vet=off ./...

bench-k6: ## what a phone costs in k6, beside fipsim load
	cd cmd/k6-fipsim && go test -run '^$$' -bench Beside -benchtime 1x .

fmt: ## format all Go code
	gofmt -w $$(git ls-files -co --exclude-standard '*.go')

lint: ## the linters alone
	$(LINT) run $(PKG)

lint-version: ## build the linter and print its version
	$(LINT) version

bench: ## run the benchmarks
	go test -run '^$$' -bench . -benchmem $(PKG)

bench-fleet: ## the fleet's speed and memory, each beside its peer (docs/performance.md)
	go test -run '^$$' -bench 'TFTP|Web' -benchtime 1x -timeout 20m ./simulator/fleet
	go test -run '^$$' -bench Phones -benchtime 1x -timeout 40m ./simulator/fleet
	go test -run '^$$' -bench Resting -benchtime 1x -timeout 20m ./simulator/fleet
	go test -run '^$$' -bench 'PnP|DHCP' -benchtime 1x -timeout 20m ./simulator/fleet

soak-fleet: ## a hundred thousand phones for FIPSIM_SOAK (5m): memory and open files (root, sipp)
	FIPSIM_SOAK=$${FIPSIM_SOAK:-5m} go test -run 'TestSoak$$' -v -timeout 30m ./simulator/fleet

bench-pcap: ## reading a capture of a million packets, beside tshark on the same file (docs/performance.md)
	go test -run '^$$' -bench Million -benchtime 1x -timeout 20m ./pcaps

soak-pcap: ## captures of 5 GB, and of 100,000 phones, streamed to pcap show: memory on the way, processor time
	go test -run '^$$' -bench Long -benchtime 1x -timeout 20m ./pcaps

bench-instrument: ## what a load measures beside what was so: truth, reading, deviation
	go test -run '^$$' -bench Instrument -benchtime 1x -timeout 20m -v ./simulator/fleet

fuzz: ## run every fuzz target for FUZZTIME (default 1m), one after the other
	@FUZZTIME=$(FUZZTIME) .ci/fuzz $(PKG)

FAULT_PHONES ?= 0
faults: ## faults of network and server under load, and their table in docs/trust.md anew (root, make servers)
	go test ./simulator/fleet -run 'TestFaults$$' -timeout 120m -fault-phones $(FAULT_PHONES) -update-faults

mutation: ## judge every faulty server by all rules, and write docs/mutation.md anew (half an hour); FAULT=name: those whose names match
	go test ./steps -run 'TestMutations$$' -timeout 90m -whole-suite -update-mutation -fault '$(FAULT)'

servers: ## install the real servers that the tests use (Debian 12, as root)
	.ci/servers

fusionpbx: ## fetch FusionPBX, so that examples/fusionpbx is tested against it (Debian 12, as root)
	.ci/fusionpbx

dist: ## static binaries for all platforms, Debian packages, lists of parts and checksums, in dist/
	go run ./cmd/dist

vuln: ## known faults in what is used here; asks vuln.go.dev
	go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 ./...

pictures: ## the README's pictures, made anew (as root, with chromium and nginx)
	.ci/pictures
