"""Questions that no wording decides, put to a language model: few calls, few tokens, fail closed.

    gates         SemanticGate: a question, the evidence it may see, the verdicts it may give
    gate_file     reads them from YAML
    options       SemanticOptions: model, prices, limits, budgets;  config: reads them from TOML
    usage         tokens by kind, and what they cost
    prompts       Prompt, Block: what is sent;  writing: questions and evidence → prompts
    answers       what came back → an answer a question, checked;  stand_in: instead of a model
    personal, persons, redaction   personal data out before anything leaves, positions back
    evidence      what a question may see, and where a quote stands
    provider      what a service has to have;  anthropic_provider: on the official SDK
    estimates, limits, budgets, retries   what may be used, what may be spent, who tries again
    accounts      who spent what;  statements: the same from a store's records
    answer_cache  answers that were given before
    preparing     a document with its questions, ready to be asked;  asking: groups, calls, answers
    keyed         calls for which others pay, by their keys
    loop          an event loop on a thread of its own;  client: SemanticClient
    bulk          message batches, resumable;  bulk_asking: a client's questions by them
    prefixes      what the prompt cache will do;  foreseeing, prompt_audit: what asking would take
    source_texts, call_sites, call_finding   where sources call a model, and with which prompts
    labelled, agreement   how right answers are;  offline: a provider that sends nothing

Knows caches and stores by protocol only (`gatecore.protocols`).

>>> from gatecore.semantic import Choice, SemanticGate
>>> SemanticGate(
...     "gdpr_uk/consent",
...     "Does the text take silence or mere use for consent?",
...     (
...         Choice("PASS", "Consent needs a deliberate act.", "none", "Consent is active."),
...         Choice("FAIL", "Use alone counts.", "critical", "Use is taken for consent."),
...     ),
... ).is_open("WARNING")
True
"""

from __future__ import annotations

from gatecore.lazy import lazy_names

TYPE_CHECKING = False  # as in `gatecore`: `asyncio` alone would cost 30 ms
if TYPE_CHECKING:
    from gatecore.semantic.accounts import Accounts, CallRecord, Totals
    from gatecore.semantic.anthropic_provider import AnthropicProvider
    from gatecore.semantic.budgets import BudgetError
    from gatecore.semantic.bulk import Bulk, BulkProgress, BulkRequest, BulkResult
    from gatecore.semantic.bulk_asking import BulkAsked
    from gatecore.semantic.client import Completion, Estimate, SemanticClient
    from gatecore.semantic.config import load_options
    from gatecore.semantic.gate_file import load_semantic_gates, parse_semantic_gates
    from gatecore.semantic.gates import Choice, Passages, SemanticGate
    from gatecore.semantic.options import Budget, Limits, Model, SemanticOptions
    from gatecore.semantic.prompts import Block, Prompt
    from gatecore.semantic.provider import (
        BatchItem,
        BatchProvider,
        BatchState,
        KeyedProvider,
        Provider,
        ProviderError,
        Rate,
        Rates,
        Reply,
    )
    from gatecore.semantic.redaction import Redacted, Redactor
    from gatecore.semantic.stand_in import stand_in
    from gatecore.semantic.usage import Prices, Usage

_HOMES = {
    "accounts": "Accounts CallRecord Totals",
    "anthropic_provider": "AnthropicProvider",
    "budgets": "BudgetError",
    "bulk": "Bulk BulkProgress BulkRequest BulkResult",
    "bulk_asking": "BulkAsked",
    "client": "Completion Estimate SemanticClient",
    "config": "load_options",
    "gate_file": "load_semantic_gates parse_semantic_gates",
    "gates": "Choice Passages SemanticGate",
    "options": "Budget Limits Model SemanticOptions",
    "prompts": "Block Prompt",
    "provider": (
        "BatchItem BatchProvider BatchState KeyedProvider Provider ProviderError Rate Rates Reply"
    ),
    "redaction": "Redacted Redactor",
    "stand_in": "stand_in",
    "usage": "Prices Usage",
}

__all__ = [
    "Accounts",
    "AnthropicProvider",
    "BatchItem",
    "BatchProvider",
    "BatchState",
    "Block",
    "Budget",
    "BudgetError",
    "Bulk",
    "BulkAsked",
    "BulkProgress",
    "BulkRequest",
    "BulkResult",
    "CallRecord",
    "Choice",
    "Completion",
    "Estimate",
    "KeyedProvider",
    "Limits",
    "Model",
    "Passages",
    "Prices",
    "Prompt",
    "Provider",
    "ProviderError",
    "Rate",
    "Rates",
    "Redacted",
    "Redactor",
    "Reply",
    "SemanticClient",
    "SemanticGate",
    "SemanticOptions",
    "Totals",
    "Usage",
    "load_options",
    "load_semantic_gates",
    "parse_semantic_gates",
    "stand_in",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
