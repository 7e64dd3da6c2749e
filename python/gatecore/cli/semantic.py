"""What the commands about language models share: options, questions, what rules leave open."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from gatecore.cli import options as opt
from gatecore.protocols import Judgement, Open

if TYPE_CHECKING:
    from gatecore.semantic import SemanticClient, SemanticGate, SemanticOptions

__all__ = ["ClientFiles", "Rules", "model_end", "model_note", "read_client_files", "rules_of"]

KEY: str = "ANTHROPIC_API_KEY"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientFiles:
    """What a client is made of."""

    config: str = opt.option(
        "--config", metavar="FILE", required=True, help="model, prices, limits and budgets, as TOML"
    )
    questions: str = opt.option(
        "--questions", metavar="FILE", required=True, help="the questions, as YAML"
    )


def read_client_files(files: ClientFiles) -> tuple[SemanticOptions, tuple[SemanticGate, ...]]:
    """The options and the questions.

    Raises:
        ConfigError, GateFileError: The first mistake in one of the files.
    """
    from gatecore.semantic import load_semantic_gates
    from gatecore.semantic.config import load_options

    return load_options(files.config), load_semantic_gates(files.questions)


def model_end(model: str) -> str:
    """When a model ends by the SDK's table; empty if it does not, or the SDK is not there."""
    from gatecore.semantic import AnthropicProvider

    try:
        return AnthropicProvider().deprecated(model)
    except ImportError:
        return ""


def model_note(model: str) -> str:
    """What the SDK says of a model of Anthropic: when it ends, or that nobody knows it any more."""
    try:
        import anthropic
        from anthropic.types import model as models
    except ImportError:
        return ""
    ends = model_end(model)
    if ends:
        is_over = ends <= time.strftime("%Y-%m-%d", time.gmtime())
        return f"{'ended' if is_over else 'ends'} on {ends}"
    named = {name for one in get_args(models.Model) for name in get_args(one)}
    if named and model not in named:
        return f"not among the models of the SDK {anthropic.__version__}; it may have ended"
    return ""


class _Listener:
    """In a semantic client's place: hears what an engine would ask, and asks nobody."""

    def __init__(self, client: SemanticClient, *, hears_all: bool) -> None:
        self._client = client
        self._hears_all = hears_all
        self.version = client.version
        self.heard: Sequence[Open] = ()

    @property
    def gates(self) -> Collection[str]:
        return self._client.gates

    def is_open(self, gate: str, status: str) -> bool:
        return self._hears_all or self._client.is_open(gate, status)

    def judge(
        self, text: str, questions: Sequence[Open], *, seconds: float | None = None
    ) -> Mapping[str, Judgement]:
        self.heard = tuple(questions)
        return {one.gate: Judgement("NEEDS_REVIEW", "", "nobody was asked") for one in questions}

    async def judge_async(
        self, text: str, questions: Sequence[Open], *, seconds: float | None = None
    ) -> Mapping[str, Judgement]:
        return self.judge(text, questions)


class Rules:
    """The rules of gates that have questions."""

    def __init__(
        self,
        client: SemanticClient,
        sources: opt.GateSources,
        engine: opt.Engine,
        *,
        hears_all: bool = False,
    ) -> None:
        from gatecore.cli.selection import compiled, selected
        from gatecore.engine.engine import ComplianceEngine

        self._listener = _Listener(client, hears_all=hears_all)
        self._engine = ComplianceEngine(
            gates=compiled(selected(sources), engine), detectors=False, semantic=self._listener
        )

    def open(self, text: str) -> Sequence[Open]:
        """What they leave open, with what they found; with `hears_all` whatever they say.

        Raises:
            DocumentTooLargeError: The document is.
        """
        self._listener.heard = ()
        self._engine.validate_document(text)
        return self._listener.heard

    def close(self) -> None:
        """Ends the engine."""
        self._engine.close()


@contextmanager
def rules_of(
    client: SemanticClient,
    sources: opt.GateSources,
    engine: opt.Engine,
    *,
    hears_all: bool = False,
) -> Iterator[Rules]:
    """The rules of a client's gates.

    Raises:
        EngineOptionsError: A question has no gate among those that are named.
    """
    rules = Rules(client, sources, engine, hears_all=hears_all)
    try:
        yield rules
    finally:
        rules.close()
