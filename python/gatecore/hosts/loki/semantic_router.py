"""LOKI's calls to a language model by a semantic client: limits, one layer of retries, redaction.

    router.call_provider = SemanticRouter(router, client).call_provider

`gatecore.accelerate(server, semantic=client)` does it for the router of a server that runs. What
the client's service is not asked for stays the router's own.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from gatecore.errors import SemanticError

if TYPE_CHECKING:
    from gatecore.semantic import SemanticClient

__all__ = ["ERRORS", "METHODS", "SemanticRouter"]

#: The methods of a router, and what they take.
METHODS: Final = {
    "configure_provider": ("provider_name", "api_key"),
    "call_provider": ("provider_name", "prompt", "max_tokens"),
}
#: What its module has: for a provider that is not configured, for a call that failed.
ERRORS: Final = ("ProviderError", "ProviderCallError")


class SemanticRouter:
    """Has the method `call_provider` of LOKI's `ProviderRouter`; threads may share it.

    The key is the one that the router was configured with last, as it is without us: its owner
    pays. LOKI configures it with the key of each request, so a request with a wrong key fails, and
    nobody spends the client's money by a key of his own; each key has the client's limits and
    budgets for itself. Model, deadline and retries are the client's options.

    Args:
        router: The router.
        client: What asks.
        provider: The name under which the router knows the client's service.

    >>> from decimal import Decimal
    >>> from gatecore.semantic import AnthropicProvider, Model, Prices, SemanticOptions
    >>> from gatecore.semantic import SemanticClient
    >>> from gatecore.testing import FakeMessagesAPI
    >>> class ProviderError(Exception): ...
    >>> class ProviderCallError(Exception): ...
    >>> class ProviderRouter:  # LOKI's, in short
    ...     def __init__(self):
    ...         self.providers = {}
    ...     def configure_provider(self, provider_name, api_key):
    ...         import anthropic
    ...         self.providers[provider_name] = anthropic.Anthropic(api_key=api_key)
    ...     def call_provider(self, provider_name, prompt, max_tokens=1024):
    ...         raise ProviderError("not configured")
    >>> prices = Prices(input=Decimal(1), output=Decimal(5))
    >>> options = SemanticOptions(model=Model(name="a-model", prices=prices), redact=False)
    >>> with FakeMessagesAPI(answer="Yes.") as api:
    ...     service = AnthropicProvider(base_url=api.url)
    ...     with SemanticClient((), options, provider=service) as client:
    ...         router = ProviderRouter()
    ...         router.configure_provider("anthropic", api.key)
    ...         answer = SemanticRouter(router, client).call_provider("anthropic", "Is it fair?")
    ...         answer, client.accounts.total.calls
    ('Yes.', 1)
    """

    def __init__(self, router: Any, client: SemanticClient, *, provider: str = "anthropic") -> None:
        self.client = client
        self._router = router
        self._provider = provider
        self._own = router.call_provider

    def call_provider(self, provider_name: str, prompt: str, max_tokens: int = 1024) -> str:
        """A model's answer to a prompt.

        Raises:
            ProviderError: The router's own: the provider is not configured.
            ProviderCallError: The router's own: there is no answer; the message says why. What the
                model refuses to say is no answer either.
        """
        name = (provider_name or "").strip().lower()
        configured = self._router.providers.get(name)
        if name != self._provider or configured is None:
            answer: str = self._own(provider_name, prompt, max_tokens)
            return answer
        try:
            return self._asked(configured, prompt, max_tokens)
        except SemanticError as error:
            why = str(error)
        except Exception as error:
            why = type(error).__name__  # its text may quote what was asked
        failed = getattr(sys.modules[type(self._router).__module__], ERRORS[1])
        raise failed(f"Provider '{provider_name}' call failed: {why}")

    def _asked(self, configured: Any, prompt: Any, max_tokens: Any) -> str:
        key = getattr(configured, "api_key", None)
        if not isinstance(key, str) or not key:
            raise SemanticError("the key that it was configured with cannot be told")
        if not isinstance(prompt, str):
            raise SemanticError("a prompt that is no text is not asked, as nothing redacts it")
        if type(max_tokens) is not int or max_tokens < 1:
            raise SemanticError(f"max_tokens is {max_tokens!r}: expected 1 or more")
        # A `Document` is a text with a scan; what is sent is a text.
        given = self.client.complete(str.__str__(prompt), max_tokens=max_tokens, api_key=key)
        if given.stop == "refusal" or not given.text:
            raise SemanticError(f"the model gave no answer ({given.stop})")
        return given.text
