"""Calls wait their turn: no refusal by the service, and none of its rate unused."""

from __future__ import annotations

import asyncio
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatecore.semantic.limits import Limiter, LimitError, in_words
from gatecore.semantic.options import Limits
from gatecore.semantic.provider import Rate, Rates
from gatecore.semantic.usage import Usage
from tests.support.virtual_time import VirtualLoop, run
from tests.unit.semantic.services import ServiceLimits

FAR = 1e9


async def use_the_service(
    loop: VirtualLoop,
    service: ServiceLimits,
    limiter: Limiter,
    *,
    seconds: float,
    seed: int,
    latency: tuple[float, float],
    are_rates_of_the_start: bool,
    is_output_taken_first: bool,
    input_tokens: tuple[int, int],
    max_tokens: int,
    askers: int,
) -> None:
    """Many askers without end, estimates too high, answers shorter than allowed."""
    random = Random(seed)
    end = loop.time() + seconds

    async def ask() -> None:
        while loop.time() < end:
            real = random.randint(*input_tokens)
            estimate = int(real * random.uniform(1.0, 1.4))
            try:
                async with limiter.reserve(
                    input_tokens=estimate, output_tokens=max_tokens, until=end
                ) as turn:
                    await asyncio.sleep(random.uniform(0.001, 0.1))
                    first = max_tokens if is_output_taken_first else 0
                    if not service.admits(real, first):
                        turn.settle(Usage(), service.rates(), refused_for=service.retry_after)
                        continue
                    rates = service.rates()
                    await asyncio.sleep(random.uniform(*latency))
                    output = random.randint(max_tokens // 10, max_tokens // 2)
                    service.take("output_tokens", output - first)
                    if not are_rates_of_the_start:
                        rates = service.rates()
                    await asyncio.sleep(random.uniform(0.001, 0.1))
                    turn.settle(Usage(fresh=real, read=5_000, output=output), rates)
            except LimitError:
                return

    await asyncio.gather(*(ask() for _ in range(askers)))


@pytest.mark.parametrize("are_rates_of_the_start", [True, False])
@pytest.mark.parametrize("is_output_taken_first", [True, False])
@pytest.mark.parametrize("is_told_beforehand", [True, False])
@pytest.mark.parametrize(
    ("binding", "limits", "input_tokens", "max_tokens"),
    [
        ("requests", {"requests": 300, "input_tokens": 900_000}, (500, 2_000), 500),
        ("requests", {"requests": 50}, (500, 2_000), 500),
        ("input_tokens", {"requests": 1_000, "input_tokens": 200_000}, (2_000, 9_000), 800),
        (
            "output_tokens",
            {"requests": 1_000, "input_tokens": 2_000_000, "output_tokens": 80_000},
            (500, 2_000),
            3_200,
        ),
    ],
)
def test_the_rate_is_used_and_nothing_is_refused(
    binding: str,
    limits: dict[str, int],
    input_tokens: tuple[int, int],
    max_tokens: int,
    is_told_beforehand: bool,
    is_output_taken_first: bool,
    are_rates_of_the_start: bool,
) -> None:
    async def work(loop: VirtualLoop) -> tuple[float, int, int]:
        service = ServiceLimits(limits, loop.time)
        own = Limits(concurrent=64, **(limits if is_told_beforehand else {}))
        await use_the_service(
            loop,
            service,
            Limiter(own, loop.time),
            seconds=360,
            seed=7,
            latency=(0.5, 6.0),
            are_rates_of_the_start=are_rates_of_the_start,
            is_output_taken_first=is_output_taken_first,
            input_tokens=input_tokens,
            max_tokens=max_tokens,
            askers=40,
        )
        share = service.share(binding, 1_120, 1_360)
        return share, service.refused, len(service.used)

    share, refused, used = run(work)
    assert used > 100
    assert refused == 0
    assert share >= 0.95


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    requests=st.integers(5, 500),
    input_tokens=st.integers(10_000, 500_000),
    output_tokens=st.integers(4_000, 100_000),
    slowest=st.floats(0.2, 30),
    concurrent=st.integers(1, 64),
    are_rates_of_the_start=st.booleans(),
    is_output_taken_first=st.booleans(),
)
def test_nothing_is_refused_whatever_the_limits_are(
    seed: int,
    requests: int,
    input_tokens: int,
    output_tokens: int,
    slowest: float,
    concurrent: int,
    are_rates_of_the_start: bool,
    is_output_taken_first: bool,
) -> None:
    limits = {
        "requests": requests, "input_tokens": input_tokens, "output_tokens": output_tokens
    }  # fmt: skip

    async def work(loop: VirtualLoop) -> ServiceLimits:
        service = ServiceLimits(limits, loop.time)
        await use_the_service(
            loop,
            service,
            Limiter(Limits(concurrent=concurrent, **limits), loop.time),
            seconds=70,
            seed=seed,
            latency=(0.1, slowest),
            are_rates_of_the_start=are_rates_of_the_start,
            is_output_taken_first=is_output_taken_first,
            input_tokens=(100, 7_000),
            max_tokens=3_200,
            askers=30,
        )
        return service

    service = run(work)
    assert service.used
    assert service.refused == 0


def test_another_process_with_the_same_key_costs_few_refusals() -> None:
    """Its calls are seen in the headers, and a refusal is not repeated by all who wait."""

    async def work(loop: VirtualLoop) -> tuple[ServiceLimits, float]:
        service = ServiceLimits({"requests": 600, "input_tokens": 300_000}, loop.time)
        both = [
            use_the_service(
                loop,
                service,
                Limiter(Limits(concurrent=16), loop.time),
                seconds=300,
                seed=seed,
                latency=(0.5, 3.0),
                are_rates_of_the_start=False,
                is_output_taken_first=True,
                input_tokens=(2_000, 9_000),
                max_tokens=500,
                askers=20,
            )
            for seed in (1, 2)
        ]
        await asyncio.gather(*both)
        return service, service.share("input_tokens", 1_120, 1_300)

    service, share = run(work)
    calls = sum(kind == "requests" for _, kind, _ in service.used)
    assert calls > 200
    assert service.refused <= 0.1 * calls
    assert share >= 0.9


def test_turns_come_in_the_order_of_arrival() -> None:
    """A small call behind a large one does not overtake it."""

    async def work(loop: VirtualLoop) -> list[tuple[int, float]]:
        limiter = Limiter(Limits(input_tokens=6_000, concurrent=1), loop.time)
        came: list[tuple[int, float]] = []

        async def ask(number: int, tokens: int) -> None:
            async with limiter.reserve(input_tokens=tokens, output_tokens=1, until=FAR) as turn:
                came.append((number, loop.time() - 1_000))
                await asyncio.sleep(0.5)
                turn.settle(Usage(fresh=tokens, output=1))

        await asyncio.gather(*(ask(i, n) for i, n in enumerate((5_000, 5_000, 10, 5_000))))
        return came

    came = run(work)
    assert [number for number, _ in came] == [0, 1, 2, 3]
    begun = [at for _, at in came]
    assert begun[0] == 0
    assert begun[1] == pytest.approx((10_000 - 5_880) / 100, abs=0.1)
    assert begun[2] - begun[1] == pytest.approx(0.5, abs=0.1)
    assert begun[3] - begun[1] == pytest.approx(5_010 / 100, abs=0.1)


def test_who_would_wait_too_long_hears_it_at_once() -> None:
    async def work(loop: VirtualLoop) -> tuple[str, float, float]:
        limiter = Limiter(Limits(requests=60), loop.time)
        for _ in range(58):
            async with limiter.reserve(input_tokens=1, output_tokens=1, until=FAR) as turn:
                turn.settle(Usage(fresh=1))
        waiting = [
            asyncio.ensure_future(wait_for_a_turn(limiter, until=loop.time() + 60))
            for _ in range(30)
        ]
        await asyncio.sleep(0)
        began = loop.time()
        with pytest.raises(LimitError) as refused:
            await wait_for_a_turn(limiter, until=loop.time() + 20)
        heard = loop.time() - began
        await asyncio.gather(*waiting)
        return str(refused.value), refused.value.wait, heard

    said, wait, heard = run(work)
    assert heard == 0
    assert wait == pytest.approx(30.2, abs=0.5)
    assert (
        said == "the limit of 60 requests a minute has room in about 30 s; the deadline is in 20 s"
    )


async def wait_for_a_turn(limiter: Limiter, until: float) -> None:
    async with limiter.reserve(input_tokens=1, output_tokens=1, until=until) as turn:
        turn.settle(Usage(fresh=1))


def test_who_waits_for_a_place_gives_up_at_the_deadline() -> None:
    async def work(loop: VirtualLoop) -> tuple[str, float, int]:
        limiter = Limiter(Limits(concurrent=1), loop.time)
        async with limiter.reserve(input_tokens=1, output_tokens=1, until=FAR):
            with pytest.raises(LimitError) as refused:
                await wait_for_a_turn(limiter, until=loop.time() + 3)
            waited = loop.time() - 1_000
        await wait_for_a_turn(limiter, until=loop.time())
        return str(refused.value), waited, limiter.under_way

    said, waited, under_way = run(work)
    assert said == "the limit of 1 calls at once left no room in 3.0 s"
    assert waited == pytest.approx(3)
    assert under_way == 0


def test_a_refusal_makes_all_wait_as_long_as_it_says_but_no_longer_than_a_minute() -> None:
    async def work(loop: VirtualLoop) -> list[float]:
        limiter = Limiter(Limits(), loop.time)
        waited = []
        for asked in (5.0, 3_600.0):
            began = loop.time()
            async with limiter.reserve(input_tokens=1, output_tokens=1, until=FAR) as turn:
                turn.settle(Usage(), refused_for=asked)
            await asyncio.gather(*(wait_for_a_turn(limiter, FAR) for _ in range(5)))
            waited.append(loop.time() - began)
        return waited

    assert run(work) == pytest.approx([5.0, 60.0])


def test_the_smaller_of_our_limit_and_the_services_counts() -> None:
    async def work(loop: VirtualLoop, own: int | None, told: int) -> int:
        limiter = Limiter(Limits(requests=own), loop.time)
        rates = Rates(requests=Rate(told, told))
        count = 0
        async with limiter.reserve(input_tokens=1, output_tokens=1, until=FAR) as turn:
            turn.settle(Usage(fresh=1), rates)
        while loop.time() < 1_600:
            async with limiter.reserve(input_tokens=1, output_tokens=1, until=FAR) as turn:
                turn.settle(Usage(fresh=1))
            count += 1
        return count

    for own, told in ((60, 6_000), (6_000, 60), (None, 60)):
        count = run(lambda loop, own=own, told=told: work(loop, own, told))  # type: ignore[misc]
        assert 600 <= count <= 661, (own, told)


def test_what_was_not_used_is_given_back() -> None:
    async def work(loop: VirtualLoop) -> float:
        limiter = Limiter(Limits(input_tokens=1_000, requests=1_000), loop.time)
        for _ in range(20):
            async with limiter.reserve(input_tokens=900, output_tokens=1, until=FAR) as turn:
                turn.settle(Usage(fresh=1, read=10_000))
        for _ in range(20):
            async with limiter.reserve(input_tokens=900, output_tokens=1, until=FAR) as turn:
                turn.undo()
        return loop.time() - 1_000

    assert run(work) < 5


def test_a_cancelled_turn_goes_to_the_next() -> None:
    async def work(loop: VirtualLoop) -> tuple[int, int]:
        limiter = Limiter(Limits(concurrent=1), loop.time)
        cancelled = 0
        for moment in range(6):
            async with limiter.reserve(input_tokens=1, output_tokens=1, until=FAR):
                first = asyncio.ensure_future(wait_for_a_turn(limiter, FAR))
                second = asyncio.ensure_future(wait_for_a_turn(limiter, FAR))
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                if moment < 3:
                    first.cancel()
            for _ in range(moment % 3):
                await asyncio.sleep(0)
            first.cancel()
            try:
                await first
            except asyncio.CancelledError:
                cancelled += 1
            await second
        return cancelled, limiter.under_way

    cancelled, under_way = run(work)
    assert cancelled >= 3
    assert under_way == 0


def test_a_limit_of_nothing_lets_nothing_through() -> None:
    async def work(loop: VirtualLoop) -> str:
        with pytest.raises(LimitError) as refused:
            await wait_for_a_turn(Limiter(Limits(output_tokens=0), loop.time), until=FAR)
        return str(refused.value)

    assert "0 output tokens a minute never has room" in run(work)


def test_a_call_larger_than_a_limit_waits_for_a_full_bucket_and_goes() -> None:
    """The service may know better how large it is."""

    async def work(loop: VirtualLoop) -> float:
        limiter = Limiter(Limits(input_tokens=1_000), loop.time)
        for _ in range(2):
            async with limiter.reserve(input_tokens=5_000, output_tokens=1, until=FAR) as turn:
                turn.settle(Usage(fresh=1_000))
        return loop.time() - 1_000

    assert run(work) == pytest.approx(60, rel=0.05)


def test_seconds_in_words() -> None:
    assert in_words(9.94) == "9.9 s"


def test_what_may_be_given_back_makes_no_room_beforehand() -> None:
    """While a long call is under way a bucket does not fill up with what is given back later."""

    async def work(loop: VirtualLoop) -> tuple[int, float]:
        service = ServiceLimits({"input_tokens": 6_000}, loop.time)
        limiter = Limiter(Limits(input_tokens=6_000), loop.time)

        async def ask(after: float, estimate: int, real: int, seconds: float) -> None:
            await asyncio.sleep(after)
            async with limiter.reserve(input_tokens=estimate, output_tokens=1, until=FAR) as turn:
                assert service.admits(real)
                await asyncio.sleep(seconds)
                turn.settle(Usage(fresh=real), service.rates())

        await asyncio.gather(
            ask(0, 5_000, 1_000, 61), ask(60, 5_000, 5_000, 5), ask(61.5, 4_000, 4_000, 1)
        )
        return service.refused, loop.time() - 1_000

    refused, seconds = run(work)
    assert refused == 0
    assert seconds < 120
