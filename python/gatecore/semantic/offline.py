"""`OfflineProvider`: in a provider's place where nothing is to be sent."""

from __future__ import annotations

from gatecore.semantic.prompts import Prompt
from gatecore.semantic.provider import ProviderError, Reply

__all__ = ["OfflineProvider"]


class OfflineProvider:
    """Sends nothing: for estimates, and to look at prompts.

    >>> import asyncio
    >>> asyncio.run(OfflineProvider().count_tokens(Prompt("a-model", (), (), 16))) is None
    True
    """

    async def send(self, prompt: Prompt, *, timeout: float) -> Reply:
        """Raises.

        Raises:
            ProviderError: Always.
        """
        raise ProviderError("nothing is sent from here", failure="connection")

    async def count_tokens(self, prompt: Prompt) -> int | None:
        """None: there is nobody who counts."""
        return None

    def deprecated(self, model: str) -> str:
        """Empty: there is nobody who knows."""
        return ""

    async def aclose(self) -> None:
        """Does nothing."""
