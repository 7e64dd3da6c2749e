"""What tests and fuzzers share: generators, comparisons with the oracle, counters of steps."""
