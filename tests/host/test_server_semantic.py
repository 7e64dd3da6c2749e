"""A server whose calls to a language model lead to a semantic client, and the way back.

The service is a fake Messages API, asked by the real SDK on both sides. The server is the host's
own; with `LOKI_HOME`, its router is LOKI's as well.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from types import ModuleType
from typing import Any, Final

import pytest

from benchmarks.inputs.real_host import home
from gatecore import PatternStore
from gatecore.errors import AccelerateError
from gatecore.hosts.loki.semantic_router import SemanticRouter
from gatecore.semantic import (
    AnthropicProvider,
    Budget,
    Model,
    Prices,
    SemanticClient,
    SemanticOptions,
)
from gatecore.testing import FakeMessagesAPI, Fault
from tests.host.accelerated import accelerate
from tests.host.copies import Copy

NewCopy = Callable[[], Copy]

SECRET: Final = "A flat of Ms Harper, jane@example.org, is let for 900 pounds."


def own_router(server: ModuleType) -> Any:
    return vars(server)["router"]


def real_router(server: ModuleType) -> Any:
    """LOKI's, from its file: its package has a web framework besides."""
    path = home() / "backend" / "core" / "providers.py"
    specification = importlib.util.spec_from_file_location(f"{server.__name__}_providers", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[module.__name__] = module
    specification.loader.exec_module(module)
    vars(server)["router"] = module.ProviderRouter()
    return vars(server)["router"]


ROUTERS: Final = [own_router, pytest.param(real_router, marks=pytest.mark.host)]
each_router = pytest.mark.parametrize("router_of", ROUTERS, ids=["own", "loki"])


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeMessagesAPI]:
    """What the host asks too, as its SDK finds the address in the environment."""
    with FakeMessagesAPI(answer=lambda body: f"Of [PERSON_1]: {len(str(body))}.") as made:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", made.url)
        yield made


def client_of(api: FakeMessagesAPI, **options: Any) -> SemanticClient:
    """A client whose own key is another one, and is refused."""
    prices = Prices(input=Decimal(1), output=Decimal(5))
    settings = SemanticOptions(model=Model(name="a-model", prices=prices), **options)
    return SemanticClient((), settings, provider=AnthropicProvider("its own", api.url))


def errors_of(router: Any) -> tuple[type[Exception], type[Exception]]:
    module = sys.modules[type(router).__module__]
    return module.ProviderError, module.ProviderCallError


@each_router
def test_a_call_is_made_by_the_client_with_the_requests_key(
    router_of: Any, new_copy: NewCopy, cache: PatternStore, api: FakeMessagesAPI
) -> None:
    server: Any = new_copy().load("server")
    router = router_of(server)
    asked = {"provider": "anthropic", "prompt": SECRET, "api_key": api.key}
    with client_of(api) as client:
        with accelerate(server, store=cache, semantic=client) as handle:
            assert handle.semantic is client
            answer, status = server.try_model(asked)
            assert status == 200, answer
            assert answer["response"].startswith("Of Harper: ")  # put back where it was taken
            assert answer["validation"]["modules"]
            assert client.accounts.total.calls == 1
            changed = [line for line in handle.explain().changed if "call_provider" in line]
            assert len(changed) == 1
            refused, status = server.try_model({**asked, "api_key": "wrong"})
            assert status == 500
            assert "ProviderCallError" in refused["error"]
            assert "credentials" in refused["error"]
            assert client.accounts.total.calls == 1
        assert "call_provider" not in vars(router)
        server.try_model(asked)
        assert client.accounts.total.calls == 1
    assert [call.status for call in api.ledger.calls()] == [200, 401, 200]


def test_nothing_personal_leaves(new_copy: NewCopy, cache: PatternStore) -> None:
    server: Any = new_copy().load("server")
    seen: list[str] = []

    def answer(body: dict[str, Any]) -> str:
        seen.append(str(body))
        return "Well."

    with (
        FakeMessagesAPI(answer=answer) as api,
        client_of(api) as client,
        accelerate(server, store=cache, semantic=client),
    ):
        server.try_model({"provider": "anthropic", "prompt": SECRET, "api_key": api.key})
    (body,) = seen
    assert "let for 900 pounds" in body
    assert "Harper" not in body
    assert "jane@" not in body
    assert "a-model" in body


@each_router
def test_what_fails_is_the_hosts_own_error(
    router_of: Any, new_copy: NewCopy, cache: PatternStore, api: FakeMessagesAPI
) -> None:
    """In the form that it has, without a word of what was asked."""
    server: Any = new_copy().load("server")
    router = router_of(server)
    not_configured, failed = errors_of(router)
    with client_of(api) as client, accelerate(server, store=cache, semantic=client):
        with pytest.raises(not_configured):
            router.call_provider("anthropic", SECRET)
        with pytest.raises(not_configured):
            router.configure_provider("nobody", "key")
        router.configure_provider(" Anthropic", "wrong")
        with pytest.raises(failed, match=r"^Provider 'Anthropic ' call failed: the service") as why:
            router.call_provider("Anthropic ", SECRET)
        assert "Harper" not in str(why.value)
        router.configure_provider("anthropic", api.key)
        for prompt, most in ((None, 9), ([{"type": "text", "text": SECRET}], 9), (SECRET, 0)):
            with pytest.raises(failed) as why:
                router.call_provider("anthropic", prompt, most)
            assert "Harper" not in str(why.value)
        router.providers["anthropic"] = object()
        with pytest.raises(failed, match="key"):
            router.call_provider("anthropic", SECRET)
        assert client.accounts.total.calls == 0
    assert [call.status for call in api.ledger.calls()] == [401]  # that with the wrong key


@pytest.mark.parametrize("fault", [Fault.refusal(), Fault.empty()], ids=["refusal", "empty"])
def test_no_answer_is_not_an_empty_document(
    fault: Fault, new_copy: NewCopy, cache: PatternStore
) -> None:
    """Of which the gates would say that nothing is wrong with it."""
    server: Any = new_copy().load("server")
    with (
        FakeMessagesAPI(script=[fault]) as api,
        client_of(api, retries=0) as client,
        accelerate(server, store=cache, semantic=client),
    ):
        asked = {"provider": "anthropic", "prompt": "?", "api_key": api.key}
        answer, status = server.try_model(asked)
        assert status == 500
        assert "ProviderCallError" in answer["error"]
        assert server.try_model(asked)[1] == 200


def test_retries_are_the_clients_only(new_copy: NewCopy, cache: PatternStore) -> None:
    """The host's own SDK would try again beneath."""
    server: Any = new_copy().load("server")
    with (
        FakeMessagesAPI(script=[Fault.status(529)] * 3) as api,
        client_of(api, retries=1) as client,
        accelerate(server, store=cache, semantic=client),
    ):
        asked = {"provider": "anthropic", "prompt": "?", "api_key": api.key}
        assert server.try_model(asked)[1] == 500
        assert client.accounts.counted("sent") == len(api.ledger.calls()) == 2


def test_other_services_go_on_as_before(
    new_copy: NewCopy, cache: PatternStore, api: FakeMessagesAPI
) -> None:
    server: Any = new_copy().load("server")
    with client_of(api) as client, accelerate(server, store=cache, semantic=client):
        answer, status = server.try_model({"provider": "parrot", "prompt": "well", "api_key": "k"})
        assert (answer["response"], status) == ("WELL", 200)
        assert server.router.call_provider("parrot", "well", max_tokens=2) == "WE"
        assert client.accounts.counted("sent") == 0


def test_users_do_not_share_a_budget(
    new_copy: NewCopy, cache: PatternStore, api: FakeMessagesAPI
) -> None:
    server: Any = new_copy().load("server")
    with (
        client_of(api, budget=Budget(daily_calls=1)) as client,
        accelerate(server, store=cache, semantic=client),
    ):
        asked = {"provider": "anthropic", "prompt": "?", "api_key": api.key}
        assert [server.try_model(asked)[1] for _ in range(2)] == [200, 500]
        answer, _ = server.try_model({**asked, "api_key": "another"})
        assert "credentials" in answer["error"]  # it was asked


def test_threads_share_a_router(
    new_copy: NewCopy, cache: PatternStore, api: FakeMessagesAPI
) -> None:
    server: Any = new_copy().load("server")
    with client_of(api) as client, accelerate(server, store=cache, semantic=client):
        server.router.configure_provider("anthropic", api.key)
        ask = partial(server.router.call_provider, "anthropic")
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(ask, [f"Number {number}" for number in range(24)]))
        assert len(answers) == 24
        assert client.accounts.total.calls == len(api.ledger.calls()) == 24


# What is refused, and what stays.


def _other_parameters(self: Any, provider_name: str, prompt: str, temperature: float) -> str:
    return ""


class _Slotted:
    """Has the methods and no room."""

    __slots__ = ()

    def configure_provider(self, provider_name: str, api_key: str) -> None: ...

    def call_provider(self, provider_name: str, prompt: str, max_tokens: int = 1024) -> str:
        return ""


CHANGES: Final[list[tuple[Callable[[Any], None], str]]] = [
    (lambda server: delattr(server, "router"), "nothing that calls a language model"),
    (lambda server: setattr(server, "second", type(server.router)()), "more than one router"),
    (
        lambda server: setattr(type(server.router), "call_provider", _other_parameters),
        r"router: call_provider takes \(provider_name, prompt, temperature\)",
    ),
    (lambda server: setattr(server.router, "call_provider", print), "a call_provider of its own"),
    (lambda server: setattr(server.router, "providers", []), "providers are not a dict"),
    (
        lambda server: delattr(sys.modules[type(server.router).__module__], "ProviderCallError"),
        "has no ProviderCallError",
    ),
    (lambda server: setattr(server, "router", _Slotted()), "no __dict__"),
]


@pytest.mark.parametrize(("change", "why"), CHANGES)
def test_a_router_that_is_not_known_is_refused(
    change: Callable[[Any], None],
    why: str,
    new_copy: NewCopy,
    cache: PatternStore,
    api: FakeMessagesAPI,
) -> None:
    """Instead of calls that go past limits and redaction."""
    server: Any = new_copy().load("server")
    change(server)
    with client_of(api) as client, pytest.raises(AccelerateError, match=why):
        accelerate(server, store=cache, semantic=client)


def test_what_cannot_be_given_a_key_is_refused(new_copy: NewCopy, cache: PatternStore) -> None:
    class OneKey:
        def deprecated(self, model: str) -> str:
            return ""

        async def aclose(self) -> None: ...

    prices = Prices(input=Decimal(1), output=Decimal(5))
    options = SemanticOptions(model=Model(name="a-model", prices=prices), redact=False)
    provider: Any = OneKey()
    server = new_copy().load("server")
    with (
        SemanticClient((), options, provider=provider) as client,
        pytest.raises(AccelerateError, match="OneKey cannot be asked with another key"),
    ):
        accelerate(server, store=cache, semantic=client)


def test_a_server_has_one_client(
    new_copy: NewCopy, cache: PatternStore, api: FakeMessagesAPI
) -> None:
    """Nobody shall think that his client is asked when it is not."""
    copy = new_copy()
    server: Any = copy.load("server")
    before = copy.traces(server.router)
    with client_of(api) as client, client_of(api) as other:
        with accelerate(server, store=cache), pytest.raises(AccelerateError, match="it first"):
            accelerate(server, store=cache, semantic=client)
        with accelerate(server, store=cache, semantic=client) as handle:
            assert accelerate(server) is accelerate(server, semantic=client) is handle
            with pytest.raises(AccelerateError, match="it first"):
                accelerate(server, store=cache, semantic=other)
        assert copy.traces(server.router) == before


def test_added_gates_leave_calls_where_they_lead(
    new_copy: NewCopy, cache: PatternStore, api: FakeMessagesAPI
) -> None:
    server: Any = new_copy().load("server")
    with client_of(api) as client, accelerate(server, store=cache, semantic=client):
        ours = vars(server.router)["call_provider"].__self__
        server.engine.load_module("heritage")
        server.validate_document({"text": "A letting of a listed building. " * 9})
        assert isinstance(ours, SemanticRouter)
        assert vars(server.router)["call_provider"].__self__ is ours


def test_calls_lead_to_the_client_even_if_patterns_are_given_back(
    new_copy: NewCopy, cache: PatternStore, api: FakeMessagesAPI
) -> None:
    """Redaction that ends when documents happen to gain nothing would be none."""
    server: Any = new_copy().load("server")
    with client_of(api) as client:
        handle = accelerate(server, store=cache, semantic=client)
        with handle._lock:
            handle._give_back()  # as the core's review has it
        assert handle.stats() is not None
        assert vars(server.router)["call_provider"].__self__.client is client
        del handle
        asked = {"provider": "anthropic", "prompt": SECRET, "api_key": api.key}
        assert server.try_model(asked)[1] == 200
        assert client.accounts.total.calls == 1
        with client_of(api) as other, pytest.raises(AccelerateError, match="it first"):
            accelerate(server, store=cache, semantic=other)
        accelerate(server, store=cache, semantic=client).restore()


def test_a_start_that_begins_with_nothing_leads_calls_to_the_client(
    new_copy: NewCopy, cache: PatternStore, api: FakeMessagesAPI
) -> None:
    """As an earlier start found that the host gains nothing."""
    server: Any = new_copy().load("server")
    with accelerate(server, store=cache) as handle:
        handle._given_back.add_host("nine of ten calls are in vain", lasting=True)
    with client_of(api) as client:
        with accelerate(server, store=cache, semantic=client) as handle:
            assert handle.explain().entries == []
            asked = {"provider": "anthropic", "prompt": SECRET, "api_key": api.key}
            assert server.try_model(asked)[1] == 200
            assert client.accounts.total.calls == 1
        assert "call_provider" not in vars(server.router)
