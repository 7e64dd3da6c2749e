"""What tests of gatecore's users need: a service with a language model that is not there.

>>> from gatecore.testing import FakeMessagesAPI, Fault
>>> with FakeMessagesAPI(script=[Fault.status(529)]) as api:
...     api.url.startswith("http://127.0.0.1:")
True
"""

from __future__ import annotations

from gatecore.lazy import lazy_names

TYPE_CHECKING = False  # as in `gatecore`: `asyncio` alone would cost 30 ms
if TYPE_CHECKING:
    from gatecore.testing.answers import Answer
    from gatecore.testing.clock import FakeClock
    from gatecore.testing.faults import Fault
    from gatecore.testing.ledger import Entry, Ledger
    from gatecore.testing.messages_api import Call, FakeMessagesAPI
    from gatecore.testing.rate_limits import RateLimits
    from gatecore.testing.schemas import smallest
    from gatecore.testing.tokens import Tokens

_HOMES = {
    "answers": "Answer",
    "clock": "FakeClock",
    "faults": "Fault",
    "ledger": "Entry Ledger",
    "messages_api": "Call FakeMessagesAPI",
    "rate_limits": "RateLimits",
    "schemas": "smallest",
    "tokens": "Tokens",
}

__all__ = [
    "Answer",
    "Call",
    "Entry",
    "FakeClock",
    "FakeMessagesAPI",
    "Fault",
    "Ledger",
    "RateLimits",
    "Tokens",
    "smallest",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
