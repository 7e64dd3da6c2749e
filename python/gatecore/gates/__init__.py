"""Gates: rules as data, judged in Rust on one pass over the document.

Knows what a gate is (`spec`), how many are judged at once (`set`, `compiled`, `patterns`,
`document`, `wire`), the slow evaluator that is the oracle (`reference`), and what comes out
(`report`).
May import `patterns` and what is below; it knows neither hosts nor the command line.
"""
