"""Questions that no wording decides, put to a language model: few calls, few tokens, fail closed.

    gates        SemanticGate: a question, the evidence it may see, the verdicts it may give
    options      SemanticOptions: model, prices, limits, budgets; read from TOML
    usage        Usage: tokens by kind;  money by a price table
    prompts      Prompt, Block: what is sent;  building it from questions and evidence
    answers      what came back → one answer a question, checked
    personal     what is personal data by its form;  persons: by title, label and mention
    redaction    Redactor: personal data out before anything leaves, positions back
    evidence     what a question may see; where a quote stands
    provider     Provider: what a model's service has to have;  Reply, ProviderError
    anthropic    AnthropicProvider, on the official SDK
    limits       token buckets;  budgets;  retries, the only layer that retries
    accounts     who spent what
    client       SemanticClient: triage, cache, grouping, calls, verdicts
    bulk         message batches, resumable

A file uses only those above it. Knows caches and stores by protocol only.
"""

from __future__ import annotations

__all__: list[str] = []
