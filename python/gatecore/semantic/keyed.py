"""`KeyedCallers`: calls with others' keys, for which others pay.

A key has limits, budgets and pauses of its own: who has another one uses up nobody else's.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from gatecore.errors import SemanticError
from gatecore.loggers import logger
from gatecore.protocols import CallObserver
from gatecore.semantic.accounts import Accounts
from gatecore.semantic.budgets import Budgets
from gatecore.semantic.estimates import Estimates
from gatecore.semantic.options import SemanticOptions
from gatecore.semantic.prompts import Prompt
from gatecore.semantic.provider import KeyedProvider, Provider, Reply
from gatecore.semantic.retries import Caller

__all__ = ["KeyedCallers"]

#: Keys whose connections, limits and budgets are kept; those of the latest calls.
_MOST: Final = 16


@dataclass(eq=False, slots=True)
class _Keyed:
    provider: Provider
    caller: Caller
    budgets: Budgets
    under_way: int = 0


class KeyedCallers:
    """Makes calls with the keys that it is given; all of it runs on one event loop.

    What a day's budget of a key has left is known as long as the key is one of the latest 16.

    Args:
        provider: The service.
        options: Limits, budgets, timeout, retries: the same for each key.
        accounts: Where calls are counted, as "keyed".
        estimates: Tokens before a call.
        observer: Hears of each call.
    """

    def __init__(
        self,
        provider: KeyedProvider,
        options: SemanticOptions,
        accounts: Accounts,
        estimates: Estimates,
        observer: CallObserver | None = None,
    ) -> None:
        self._provider = provider
        self._options = options
        self._accounts = accounts
        self._estimates = estimates
        self._observer = observer
        self._kept: OrderedDict[str, _Keyed] = OrderedDict()

    async def call(self, api_key: str, prompt: Prompt, until: float) -> Reply:
        """One question and its answer.

        Raises:
            SemanticError: There is none.
        """
        _check(api_key)
        keyed = self._of(api_key)
        keyed.under_way += 1
        try:
            await self._forget()
            return await keyed.caller.call(
                prompt, until=until, spending=keyed.budgets.spending(), purpose="keyed"
            )
        finally:
            keyed.under_way -= 1

    def _of(self, api_key: str) -> _Keyed:
        keyed = self._kept.get(api_key)
        if keyed is None:
            provider = self._provider.for_key(api_key)
            keyed = self._kept[api_key] = _Keyed(
                provider,
                Caller(
                    provider,
                    self._options,
                    self._accounts,
                    estimates=self._estimates,
                    observer=self._observer,
                ),
                Budgets(self._options.budget, self._accounts),
            )
        self._kept.move_to_end(api_key)
        return keyed

    async def _forget(self) -> None:
        """Lets go of the keys that were not used for longest, unless they are in use."""
        idle = [key for key, one in self._kept.items() if not one.under_way]
        too_many = idle[: max(0, len(self._kept) - _MOST)]
        # At once: while one is closed, others may be asked for by another call.
        for one in [self._kept.pop(key) for key in too_many]:
            try:
                await one.provider.aclose()
            except Exception as error:  # not the business of whoever asks now
                logger("semantic").warning(
                    "connections of a key were not closed: %s", type(error).__name__
                )

    async def aclose(self) -> None:
        """Closes all connections."""
        while self._kept:
            await self._kept.popitem()[1].provider.aclose()


def _check(api_key: object) -> None:
    """That a key can stand in a header; the libraries below would log one that cannot.

    Raises:
        SemanticError: It cannot. Says nothing of what it is.
    """
    if not isinstance(api_key, str):
        raise SemanticError("the key is no text")
    if not api_key:
        raise SemanticError("the key is empty")
    if not (api_key.isascii() and api_key.isprintable()) or api_key != api_key.strip():
        raise SemanticError("the key has characters that no key has, such as a space or line end")
