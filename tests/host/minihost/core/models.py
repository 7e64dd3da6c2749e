"""Language models by the name of who offers them; a key is set before each call."""

from typing import Any

MODEL = "an-old-model"


class ProviderError(Exception):
    """There is no such service, or it has no key yet."""


class ProviderCallError(Exception):
    """A service was asked and gave no answer."""


class ModelRouter:
    """One object for the process: the last key is the one that is used."""

    def __init__(self) -> None:
        self.providers: dict[str, Any] = {}

    def configure_provider(self, provider_name: str, api_key: str) -> None:
        name = provider_name.strip().lower()
        if name == "anthropic":
            from anthropic import Anthropic

            self.providers[name] = Anthropic(api_key=api_key)
        elif name == "parrot":
            self.providers[name] = str.upper
        else:
            raise ProviderError(f"no service is called {provider_name}")

    def call_provider(self, provider_name: str, prompt: str, max_tokens: int = 1024) -> str:
        name = provider_name.strip().lower()
        if name not in self.providers:
            raise ProviderError(f"{provider_name!r} has no key yet")
        try:
            service = self.providers[name]
            if name == "parrot":
                return str(service(prompt)[:max_tokens])
            message = {"role": "user", "content": prompt}
            answer = service.messages.create(model=MODEL, max_tokens=max_tokens, messages=[message])
            return str(answer.content[0].text)
        except Exception as error:
            raise ProviderCallError(f"Provider '{provider_name}' call failed: {error}") from error
