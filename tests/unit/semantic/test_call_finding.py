"""Calls of language models in sources: which are found, what they pass, how their prompts look."""

from __future__ import annotations

import textwrap

import pytest

from gatecore.semantic.call_finding import call_sites
from gatecore.semantic.call_sites import CallSite

LONG = "Decide by the document alone. " * 10


def sites(*sources: str, **more: str) -> tuple[CallSite, ...]:
    texts = {f"file{n}.py": textwrap.dedent(text) for n, text in enumerate(sources)}
    texts |= {f"{name}.py": textwrap.dedent(text) for name, text in more.items()}
    found = call_sites(texts)
    assert not found.unreadable
    return found.sites


@pytest.mark.parametrize(
    ("call", "service", "name"),
    [
        ("client.messages.create(model=m)", "anthropic", "messages.create"),
        ("Anthropic().messages.stream(model=m)", "anthropic", "messages.stream"),
        ("self.client.beta.messages.parse(**more)", "anthropic", "messages.parse"),
        ("c.messages.with_raw_response.create(model=m)", "anthropic", "messages.create"),
        ("c.with_options(timeout=3).messages.create(model=m)", "anthropic", "messages.create"),
        ("c.messages.batches.create(requests=r)", "anthropic", "messages.batches.create"),
        ("asyncio.to_thread(c.messages.create, model=m)", "anthropic", "messages.create"),
        ("o.chat.completions.create(model=m)", "openai", "chat.completions.create"),
        ("openai.ChatCompletion.create()", "openai", "ChatCompletion.create"),
        ("o.responses.create(model=m, input=i)", "openai", "responses.create"),
        ("o.batches.create(input_file_id=f)", "openai", "batches.create"),
        ("model.generate_content(p)", "google", "generate_content"),
        ("await g.aio.models.generate_content(model=m, contents=p)", "google", "generate_content"),
    ],
)
def test_calls_of_services_are_found(call: str, service: str, name: str) -> None:
    (site,) = sites(f"async def ask(m, r, p, i, f, more):\n    return {call}")
    assert (site.service, site.call, site.line) == (service, name, 2)
    assert site.function == "ask"
    assert site.is_batch == ("batches" in name)


def test_the_call_may_have_another_name() -> None:
    (site,) = sites("ask = client.messages.create\nask(model='a', max_tokens=3)")
    assert (site.line, site.model_name, site.max_tokens) == (2, "a", "3")


@pytest.mark.parametrize(
    "call",
    [
        "twilio.messages.create(body='Hello', to=number)",
        "openai.beta.threads.messages.create(thread, role='user', model=m)",
        "requests.responses.create(status=200)",
        "mock.messages.create.return_value",
        "spark.batches.create(size=3)",
        "print('client.messages.create(model=m)')",
        "messages.append({'model': 'a'})",
    ],
)
def test_others_that_look_alike_are_not(call: str) -> None:
    assert sites(f"def f():\n    {call}") == ()


def test_what_is_passed_is_told() -> None:
    plain, rich = sites(
        """
        import anthropic
        OPTIONS = {"max_tokens": 300, "timeout": 20}
        def plain(text):
            return client.messages.create(model="a-model", messages=[])
        @tenacity.retry(stop=three)
        def rich(text):
            return client.messages.create(model=os.getenv("MODEL", "b-model"), **OPTIONS,
                system=[{"type": "text", "text": "Rules.", "cache_control": {"type": "ephemeral"}}],
                messages=[{"role": "user", "content": text}])
        """
    )
    assert (plain.model_name, plain.max_tokens, plain.cached, plain.system) == (
        "a-model", "", False, False,
    )  # fmt: skip
    assert (plain.retries, plain.timeout) == ("", "")
    assert "without max_tokens, system prompt, timeout, retries" in plain.remarks[1]
    assert (rich.model_name, rich.max_tokens, rich.cached, rich.system) == (
        "b-model", "300", True, True,
    )  # fmt: skip
    assert (rich.retries, rich.timeout) == ("@tenacity.retry", "timeout=20")
    assert rich.prompt.prefix_tokens == 2
    assert not any("without" in remark for remark in rich.remarks)


def test_options_of_the_client_and_loops_count() -> None:
    by_client, by_loop, by_waiting = sites(
        "c = Anthropic(max_retries=5, timeout=9)\nc.messages.create(model=m)",
        """
        def ask():
            for attempt in range(3):
                try:
                    return c.messages.create(model=m)
                except Exception:
                    pass
        """,
        "async def ask():\n    await asyncio.wait_for(c.messages.create(model=m), 3)",
    )
    assert (by_client.retries, by_client.timeout) == ("max_retries=5", "timeout=9")
    assert (by_loop.retries, by_loop.in_loop) == ("a loop", False)
    assert by_waiting.timeout == "wait_for"


@pytest.mark.parametrize(
    "loop",
    [
        "for text in texts:\n        out.append({call})",
        "return [{call} for text in texts]",
        "return sum({call} for text in texts)",
    ],
)
def test_a_call_for_each_item_is_named(loop: str) -> None:
    call = "client.messages.create(model=m, max_tokens=9)"
    (site,) = sites(f"def ask(texts):\n    {loop.format(call=call)}")
    assert site.in_loop
    assert "a call for each item of a loop" in site.remarks[-1]


@pytest.mark.parametrize(
    ("prompt", "order", "prefix", "late", "variables"),
    [
        ("RULES + text", "constant first", 75, 0, ["text"]),
        ("text + RULES", "variable first", 0, 75, ["text"]),
        ("f'{RULES}{text}'", "constant first", 75, 0, ["text"]),
        ("f'{text} and {RULES}'", "variable first", 0, 77, ["text"]),
        ("f'Hello! {text} {RULES}'", "variable between", 2, 76, ["text"]),
        ("'%s%s' % (RULES, text)", "constant first", 75, 0, ["text"]),
        ("'{} {}'.format(text, RULES)", "variable first", 0, 76, ["text"]),
        ("'{rules} {t}'.format(rules=RULES, t=text)", "constant first", 76, 0, ["text"]),
        ("'\\n'.join([RULES, text])", "constant first", 76, 0, ["text"]),
        ("RULES", "constant", 75, 0, []),
        ("textwrap.dedent(RULES).strip()", "constant", 75, 0, []),
        ("text", "variable", 0, 0, ["text"]),
        ("load(RULES)", "variable", 0, 0, ["load(RULES)"]),
        ("built", "constant first", 75, 0, ["text", "extra"]),
        ("either", "variable", 0, 0, ["either"]),
        ("inner", "constant first", 75, 0, ["text"]),
    ],
)
def test_constant_and_variable_text_are_told_apart(
    prompt: str, order: str, prefix: int, late: int, variables: list[str]
) -> None:
    """Through names, f-strings, sums, formats, and across files."""
    (site,) = sites(
        ask=f"""
        from rules import RULES
        def ask(text, extra):
            built = RULES
            built += text
            if extra:
                built += extra
            if extra:
                either = RULES
            else:
                either = text
            inner = f"{{RULES}}{{text}}"
            content = {prompt}
            return client.messages.create(model="m", messages=[
                {{"role": "user", "content": content}}])
        """,
        rules=f"RULES = {LONG!r}",
    )
    shape = site.prompt
    assert (shape.order, shape.prefix_tokens, shape.late_tokens) == (order, prefix, late)
    assert list(shape.variables) == variables
    assert any("no prompt cache" in remark for remark in site.remarks) == bool(late)


def test_a_wrapper_is_followed_to_those_who_call_it() -> None:
    """Through a method, a function around it, and another file; the prompt is put together."""
    found = sites(
        router=f"""
        RULES = {LONG!r}
        class Router:
            def ask(self, name, prompt, max_tokens=500):
                if name == "a":
                    return self.a.messages.create(model="a-model", max_tokens=max_tokens,
                        messages=[{{"role": "user", "content": prompt}}])
                return self.b.chat.completions.create(model="b-model",
                    messages=[{{"role": "user", "content": prompt}}])
        def judge(router: Router, text):
            return router.ask("a", RULES + text, max_tokens=50)
        """,
        server="""
        from router import judge
        def page(request):
            return judge(None, request.text)
        def ask(prompt):
            return "somebody else's ask"
        def other():
            return ask("Hello")
        """,
    )
    told = [(one.place, one.level, one.function, one.is_likely) for one in found]
    assert told == [
        ("router.py:6", 0, "Router.ask", False),
        ("router.py:8", 0, "Router.ask", False),
        ("router.py:11", 1, "judge", False),
        ("server.py:4", 2, "page", False),
    ]
    through, page = found[2:]
    assert (through.max_tokens, through.model) == ("50", "a-model, b-model")
    assert (through.prompt.order, through.prompt.variables) == ("constant first", ("text",))
    assert through.prompt.prefix_tokens == 75
    assert (page.prompt.variables, page.via) == (("request.text",), "judge (router.py)")


def test_a_name_alone_is_likely_and_a_common_one_is_nothing() -> None:
    source = """
        class Router:
            def {name}(self, prompt):
                return self.client.messages.create(model="m", messages=prompt)
        """
    caller = "def f(router):\n    return router.{name}('Hello')"
    found = sites(source.format(name="call_provider"), caller.format(name="call_provider"))
    assert [(one.level, one.is_likely) for one in found] == [(0, False), (1, True)]
    assert len(sites(source.format(name="run"), caller.format(name="run"))) == 1


def test_a_function_within_another_is_known_there_only() -> None:
    found = sites(
        """
        def page(text):
            async def run():
                return await client.messages.create(model="m", messages=text)
            return asyncio.run(run())
        def other():
            return run()
        """
    )
    assert [(one.line, one.level, one.call) for one in found] == [
        (4, 0, "messages.create"),
        (5, 1, "run"),
    ]


def test_functions_that_call_each_other_end() -> None:
    found = sites(
        """
        def a(text):
            client.messages.create(model="m", messages=text)
            return b(text)
        def b(text):
            return a(text)
        """
    )
    assert [(one.line, one.level) for one in found] == [(3, 0), (4, 2), (6, 1)]


def test_text_that_several_prompts_share_is_named() -> None:
    found = call_sites(
        {
            "rules.py": f"RULES = {LONG!r}",
            "a.py": "from rules import RULES\nc.messages.create(model='m', system=RULES)",
            "b.py": "import rules\nc.messages.create(model='m', system=rules.RULES)",
        }
    )
    assert [places for _, places in found.repeated] == [("a.py:2", "b.py:2")]
    assert found.repeated[0][0] >= 74


def test_what_is_not_python_is_named_and_the_rest_read() -> None:
    found = call_sites(
        {
            "bad.py": "def f(:",
            "deep.py": "x = " + "-" * 20_000 + "1",
            "good.py": "c.messages.create(model=m)",
        }
    )
    assert set(found.unreadable) <= {"bad.py", "deep.py"}
    assert "bad.py" in found.unreadable
    assert [one.place for one in found.sites] == ["good.py:1"]


def test_no_text_of_a_prompt_is_in_plain_values() -> None:
    (site,) = sites(f"c.messages.create(model='m', system={LONG!r})")
    assert "Decide" not in str(site.to_dict())
    assert "Decide" not in repr(site)
