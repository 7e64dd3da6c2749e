"""`ComplianceEngine`: one document in, one report out.

    text ─▶ plan ─▶ cache? ─▶ gates as data, one pass ─▶ Python gates ─▶ detectors grouped
                                    │ UNKNOWN when the deadline is over    │
                                    ▼                                      ▼
                          ValidationReport ◀── rules over all results ◀── risk policy

Nothing of a validation is kept in the engine, so threads may share one.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from secrets import token_hex
from types import MappingProxyType, TracebackType
from typing import Any, Final

from gatecore._gatecore import Deadline
from gatecore.cache.keys import key
from gatecore.engine import universal
from gatecore.engine.cache_keys import surroundings
from gatecore.engine.cached_reports import may_be_kept, of_reports, report_in
from gatecore.engine.cross import CrossRule, Issue, failure, issues_of, name_of
from gatecore.engine.gates import Judged
from gatecore.engine.hands import Hands
from gatecore.engine.many import DocumentLike, Validated, kept_modules, validated_many
from gatecore.engine.observing import Observers, in_context_of_caller
from gatecore.engine.options import EngineOptions
from gatecore.engine.plain import EMPTY, shown
from gatecore.engine.plans import Plan, Planner
from gatecore.engine.python_gates import Accelerated, PythonGates
from gatecore.engine.registry import Registry
from gatecore.engine.report import DetectorResult, GateResult, ModuleResult, ValidationReport
from gatecore.engine.requests import Request, Tags
from gatecore.engine.risk import POLICIES, Results, RiskPolicy, policy_of
from gatecore.engine.semantics import (
    NEEDS_REVIEW,
    Asked,
    Places,
    check_gates,
    open_questions,
    places_of,
    settled,
)
from gatecore.errors import (
    DocumentTooLargeError,
    DocumentTypeError,
    EngineOptionsError,
    GatecoreDeprecation,
)
from gatecore.gates.counters import Counters
from gatecore.gates.report import Verdict
from gatecore.gates.set import GateSet
from gatecore.gates.spec import Gate, Module
from gatecore.gates.units import Span
from gatecore.patterns.scan import DeadlineLike, deadline_of
from gatecore.patterns.set import check_text
from gatecore.patterns.store import PatternStore
from gatecore.protocols import Cache, Judgement, Observer, Open, Semantic

__all__ = ["ComplianceEngine"]

_RISKS_UNSURE: Final = "LOW"
_UNSETTLED: Final = frozenset({"UNKNOWN", "ERROR", NEEDS_REVIEW})


class ComplianceEngine:
    r"""Judges documents by gates as data and by Python gates, and makes one report of it.

    Args:
        modules: Shipped modules, by name, or `Module` objects. All that are shipped if neither this
            nor `gates` nor `python_modules` is given.
        gates: Gates that are data: a `GateSet`, such as `GateSet.load` reads from files, or gates
            and modules. The engine has them as they are now.
        python_modules: Gates with `check(text, document_type)`, as hosts write them: a mapping from
            module names to objects with `gates` or to mappings from names to gates; a list of such
            objects; a list of gates or one gate, whose module is then called `python`; or an engine
            with such `modules`. Their Python modules are accelerated until `close`.
        registry: What knows versions and what is switched off; a new one if not given.
        cache: Where reports are kept, if anywhere. Complete ones without errors only.
        detectors: Whether the module `universal` is judged with each document, which makes
            `universal` and `analyzers` of the report: yours if it is among the gates, else the
            shipped one if there is one.
        risk: The rule for the overall risk: "weighted", "worst" (see `gatecore.engine.risk`), or a
            function of all results.
        cross: Rules over all results (see `gatecore.engine.cross`).
        observers: Who hears of each validation (see `gatecore.protocols.Observer`), such as
            `gatecore.metrics.Metrics`.
        semantic: Who judges what the rules of its gates leave open, such as a
            `gatecore.semantic.SemanticClient`. Its owner closes it.
        options: Limits.
        store: Where compiled patterns are kept between processes; none if not given. Shipped
            modules have theirs in the package.

    Raises:
        UnknownModuleError: A module that is not shipped is named.
        EngineOptionsError: `risk`, `cross`, `observers` or `options` are none, or `semantic` has a
            gate without rules.
        GatecoreError: Something is not a gate, or two gates have the same name.
        PatternSetError: The patterns cannot be compiled together.

    Making one compiles the patterns, some milliseconds each, unless they are shipped or stored.

    >>> from gatecore import ComplianceEngine
    >>> with ComplianceEngine(["gdpr_uk"]) as engine:
    ...     report = engine.validate_document("By using this site you consent to cookies.")
    >>> report.overall_risk, report.modules["gdpr_uk"].gates["consent"].status
    ('HIGH', 'FAIL')
    >>> class NoPromises:
    ...     name, severity, legal_source = "promises", "high", "House rule 3"
    ...     def check(self, text, document_type):
    ...         found = "promise" in text.lower()
    ...         return {"status": "FAIL" if found else "PASS", "severity": "high"}
    >>> engine = ComplianceEngine(python_modules={"house": {"promises": NoPromises()}})
    >>> engine.validate_document("We promise.").modules["house"].summary["fail"]
    1
    >>> engine.close()
    """

    def __init__(
        self,
        modules: str | Module | Iterable[str | Module] | None = None,
        *,
        gates: GateSet | Module | Iterable[Gate | Module] | None = None,
        python_modules: Any = None,
        registry: Registry | None = None,
        cache: Cache | None = None,
        detectors: bool = True,
        risk: str | RiskPolicy = "weighted",
        cross: Iterable[CrossRule] = (),
        observers: Iterable[Observer] = (),
        semantic: Semantic | None = None,
        options: EngineOptions | None = None,
        store: PatternStore | None = None,
    ) -> None:
        if options is not None and not isinstance(options, EngineOptions):
            raise EngineOptionsError(f"options is {options!r}: expected EngineOptions(…)")
        self.options: Final = options or EngineOptions()
        self._policy = policy_of(risk)
        self._risk = risk if isinstance(risk, str) else ""
        self._rules = tuple(cross)
        if not all(map(callable, self._rules)):
            raise EngineOptionsError("cross has something that is not a function of the results")
        self._judged = Judged.of(modules, gates, python_modules, detectors=detectors, store=store)
        python = self._judged.python
        self.registry: Final = registry if registry is not None else Registry()
        self.registry.register((*self._judged.listed, *(info for _, info in python)))
        self._planner = Planner(self._judged)
        self._hands = Hands(self.options.max_abandoned_threads)
        self._accelerated = Accelerated([gate for gate, _ in python], store)
        self._python = PythonGates(self._accelerated, self._hands, self.options)
        self._cache = of_reports(cache)
        observing = Observers(observers, self.options)
        self.observers: Final = observing if observing.all else None
        self.semantic: Final = semantic
        if semantic is not None:
            check_gates(semantic, self._judged.names_by_module)
        #: Where the last plan has its semantic gates.
        self._open_places: tuple[Plan | None, Places] = (None, Places((), ()))
        self._own = "" if self._is_known else token_hex(16)
        #: The last results of gates without findings: the same for most documents.
        self._silent: dict[int, GateResult] = {}
        self._warned: set[object] = set()
        #: The last plan with its namespace.
        self._named: tuple[Plan | None, bytes] = (None, b"")

    @property
    def modules(self) -> tuple[str, ...]:
        """The names of the modules, in the order of the report."""
        return tuple(module.key for module in self._judged.modules)

    @property
    def gates(self) -> GateSet | None:
        """The gates that are data, in one set; None if there are none.

        It may have more gates than are judged, as the wheel has some selections compiled.
        """
        return self._judged.gates

    @property
    def not_accelerated(self) -> tuple[str, ...]:
        """Why Python gates get plain texts and are answered by `re` alone; empty if they do not."""
        return self._accelerated.refused

    def counters(self) -> Counters:
        """What was counted since the engine was made: documents, passes, and of each gate.

        Always on, some 40 ns for each gate that is data and 0.5 µs for each Python gate. Answers
        from a cache are not judged, so not counted. Documents, characters, passes and questions to
        `re` are those of the gates that are data; if the engine was made of a `GateSet`, what that
        was asked counts as well. Costs about a microsecond a gate.

        >>> from gatecore import ComplianceEngine
        >>> engine = ComplianceEngine(["gdpr_uk"])
        >>> _ = engine.validate_document("By using this site you consent to cookies.")
        >>> counted = engine.counters()
        >>> counted.documents, counted.gates["gdpr_uk/consent"].statuses["FAIL"]
        (1, 1)
        """
        judged = self._judged
        python = self._python.counters(info for _, info in judged.python)
        if judged.gates is None:
            return Counters(0, 0, 0.0, 0, MappingProxyType(python))
        data = judged.gates.counters()
        names = dict.fromkeys(info.name for info in judged.listed)
        gates = {name: data.gates[name] for name in names} | python
        return replace(data, gates=MappingProxyType(gates))

    @property
    def abandoned_threads(self) -> int:
        """How many threads run on with a Python gate that overran a deadline."""
        return self._hands.abandoned

    @property
    def observer_errors(self) -> int:
        """How many exceptions of observers were kept from callers; the log names each kind once."""
        return 0 if self.observers is None else self.observers.errors

    @property
    def shares_answers(self) -> bool:
        """Whether what is cached may be used by other engines with the same gates.

        Not if there are Python gates, rules or a policy of your own, of which nobody knows whether
        they are the same, unless `EngineOptions.python_revision` says so.
        """
        return not self._own

    def validate_document(
        self,
        text: str,
        *,
        document_type: str = "unknown",
        modules: object = None,
        deadline: DeadlineLike | None = None,
    ) -> ValidationReport:
        """What all gates say of one document. May be called from any thread.

        Args:
            text: The document.
            document_type: What kind of document it is; Python gates are told.
            modules: The names of the modules to judge by, or one name; all if None. The report has
                them in the engine's order. Detectors are judged in any case.
            deadline: Seconds from now, or a `Deadline` that another thread may cancel;
                `EngineOptions.deadline_seconds` if None. What is not finished by then is UNKNOWN
                and `incomplete`, and the risk is not LOW because of it. A Python gate that does not
                return is left behind in a thread of its own.

        Raises:
            DocumentTypeError: `text` or `document_type` is not a `str`.
            DocumentTooLargeError: The document is longer than `max_document_characters`.
            UnknownModuleError: `modules` names one that is not there; says which is nearest.
            ValueError: `deadline` is negative or not a number.
            GatecoreDeprecation: A gate is deprecated, and warnings are errors.

        What a Python gate raises is its own ERROR; only what is not an `Exception`, such as
        `KeyboardInterrupt`, ends the validation. Costs one pass over the document, some
        microseconds a gate and a finding, and whatever Python gates take.
        """
        if self.observers is None:
            return self.answer(
                self.request(text, document_type=document_type, modules=modules, deadline=deadline)
            )
        observation = self.observers.begin(text, document_type)
        try:
            request = self.request(
                text, document_type=document_type, modules=modules, deadline=deadline
            )
            request.is_observed_by(observation)
            report = self.answer(request)
        except BaseException as error:
            observation.failed(error)
            raise
        return observation.finished(report)

    def request(
        self,
        text: str,
        *,
        document_type: str = "unknown",
        modules: object = None,
        deadline: DeadlineLike | None = None,
    ) -> Request:
        """What is asked, checked: the first half of `validate_document`."""
        check_text(text)
        if not isinstance(document_type, str):
            raise DocumentTypeError(
                f"document_type is a str, not {type(document_type).__name__}; say 'unknown' if so"
            )
        length = str.__len__(text)
        if length > self.options.max_document_characters:
            raise DocumentTooLargeError(
                f"the document has {length:,} characters, the engine takes "
                f"{self.options.max_document_characters:,}; "
                "split it, or raise EngineOptions.max_document_characters"
            )
        plan = self._planner.plan(modules, self.registry.state)
        until = deadline_of(self.options.deadline_seconds if deadline is None else deadline)
        if plan.deprecated:
            self._warn(plan)
        return Request(text, document_type, plan, until, waits=deadline is None)

    def answer(self, request: Request) -> ValidationReport:
        """The report of a request: the second half of `validate_document`."""
        if self._cache is None:
            return self.judge(request)
        return self._cached(self._cache, request)

    def validate_many(
        self,
        documents: Iterable[DocumentLike],
        *,
        document_type: str = "unknown",
        modules: object = None,
        jobs: int | None = None,
        ordered: bool = True,
        deadline: float | None = None,
        manifest: str | os.PathLike[str] | None = None,
    ) -> Iterator[Validated]:
        """What all gates say of many documents, on all processors: the GIL is released for a pass.

        Args:
            documents: Texts, paths of files, which are read when their turn comes, or `Submission`
                objects. Read as answers are asked for, a window ahead.
            document_type: As for `validate_document`, unless a submission says otherwise.
            modules: Likewise.
            jobs: Documents judged at once; as many as processors may be used if None.
            ordered: In the order of the documents, or else as they are finished.
            deadline: Seconds for each document, from when it is begun.
            manifest: A file that remembers which documents are finished, so that a batch that was
                ended, by Ctrl-C or by kill -9, goes on: they are not judged again. A document is
                finished when the next answer is asked for and its report is; one that has changed,
                or that other gates are asked about, is not.

        Yields:
            Each document's number, name, and report or error. What is wrong with one document keeps
            nothing else back.

        Raises:
            ManifestError: The manifest is another kind of file, or another batch has it.
            ValueError: `jobs` is below 1.
            DocumentTypeError: `documents` is one text or one path.

        Costs what its documents cost and about 20 µs each. Python gates hold the GIL: they are
        judged one at a time however many jobs there are.

        >>> from gatecore import ComplianceEngine
        >>> engine = ComplianceEngine(["gdpr_uk"])
        >>> texts = ["Invoice 17.", "By using this site you consent to cookies."]
        >>> [one.report.overall_risk for one in engine.validate_many(texts, jobs=2)]
        ['LOW', 'HIGH']
        """
        kept = kept_modules(modules)

        def validate(text: str, kind: str | None, some: tuple[str, ...] | None) -> ValidationReport:
            return self.validate_document(
                text,
                document_type=document_type if kind is None else kind,
                modules=kept if some is None else some,
                deadline=deadline,
            )

        context = ""
        if manifest is not None:
            plan = self._planner.plan(kept, self.registry.state)
            context = key(self._namespace(plan), document_type, repr(deadline)).hex()
        if self.observers is not None:
            validate = in_context_of_caller(validate)
        return validated_many(
            documents, validate, context=context, jobs=jobs, ordered=ordered, manifest=manifest
        )

    def warm(
        self,
        documents: Iterable[DocumentLike],
        *,
        document_type: str = "unknown",
        modules: object = None,
        jobs: int | None = None,
    ) -> int:
        """Has the reports of documents in the cache before anybody asks; how many could be kept.

        All are judged, also if they are more than the cache has room for. What is wrong with a
        document is passed over.

        Args:
            documents: As for `validate_many`; answers are found only by who asks likewise.
            document_type: Likewise.
            modules: Likewise.
            jobs: Likewise.

        Raises:
            EngineOptionsError: The engine has no cache.

        >>> from gatecore import ComplianceEngine
        >>> from gatecore.cache import MemoryCache
        >>> engine = ComplianceEngine(["gdpr_uk"], cache=MemoryCache())
        >>> engine.warm(["Invoice 17.", "Invoice 18."])
        2
        """
        if self._cache is None:
            raise EngineOptionsError("there is no cache to warm: give the engine one, cache=…")
        batch = self.validate_many(
            documents, document_type=document_type, modules=modules, jobs=jobs, ordered=False
        )
        return sum(one.report is not None and may_be_kept(one.report) for one in batch)

    @property
    def is_cached_in_process(self) -> bool:
        """Whether reports are cached where a question takes a microsecond."""
        return getattr(self._cache, "is_in_process", False)

    def known(self, request: Request) -> ValidationReport | None:
        """The report that is cached in process, if there is one."""
        cache: Any = self._cache
        at = self.key_of(request)
        return report_in(cache.get(at)) if at in cache else None

    def key_of(self, request: Request) -> bytes:
        """Where the answer is cached; the request has it from now on."""
        if request.key is None:
            namespace = self._namespace(request.plan)
            request.key = key(namespace, request.text, request.document_type)
        return request.key

    def tags_of(self, request: Request) -> Tags:
        """What the answer is made of."""
        return Tags(request, f"version:{self._judged.content}")

    def _cached(self, cache: Cache, request: Request) -> ValidationReport:
        """The report from the cache, or a new one, which is kept if it may be.

        Who has no deadline of its own waits for another who is judging the same document.
        """
        at, tags = self.key_of(request), self.tags_of(request)
        own: list[ValidationReport] = []

        def compute() -> ValidationReport:
            own.append(self.judge(request))
            return own[0]

        found = cache.get_or_compute(at, compute, tags=tags, keep=may_be_kept, waits=request.waits)
        if own:
            return own[0]
        known = report_in(found)
        if known is None or not may_be_kept(known):  # another's deadline was over, not ours
            return self.judge(request)
        return known

    def kept(self, request: Request) -> ValidationReport | None:
        """The report that is in the cache, if there is one."""
        if self._cache is None:
            return None
        found = report_in(self._cache.get(self.key_of(request)))
        return found if found is not None and may_be_kept(found) else None

    def keep(self, request: Request, report: ValidationReport) -> None:
        """Has the cache keep a report, if it may be kept."""
        if self._cache is not None and may_be_kept(report):
            self._cache.set(self.key_of(request), report, tags=self.tags_of(request))

    def _namespace(self, plan: Plan) -> bytes:
        known_plan, namespace = self._named
        if known_plan is plan:
            return namespace
        namespace = key(
            self._own.encode(),
            self._judged.content,
            plan.selected,
            self.options.shaping(),
            self._risk,
            self.options.python_revision or "",
            "" if self.semantic is None else self.semantic.version,
            surroundings(),
        )
        self._named = (plan, namespace)
        return namespace

    @property
    def _is_known(self) -> bool:
        """Whether two engines that look alike answer alike."""
        is_data = not self._judged.python and not self._rules and self._risk in POLICIES
        return is_data or self.options.python_revision is not None

    def judge(self, request: Request) -> ValidationReport:
        """The report, whatever is cached."""
        judged = self.judge_rules(request)
        if judged.asked and self.semantic is not None:
            seconds = _left(request.until)
            answered: Mapping[str, Judgement] | Exception
            try:
                answered = self.semantic.judge(request.text, judged.questions, seconds=seconds)
            except Exception as error:
                answered = error
            settled(request.text, judged.asked, answered, judged.masked)
        return self.report_of(request, judged)

    async def judge_open(self, request: Request, judged: JudgedRules) -> None:
        """Has what the rules leave open judged by meaning, for event loops."""
        assert self.semantic is not None
        seconds = _left(request.until)
        answered: Mapping[str, Judgement] | Exception
        try:
            answered = await self.semantic.judge_async(
                request.text, judged.questions, seconds=seconds
            )
        except Exception as error:
            answered = error
        settled(request.text, judged.asked, answered, judged.masked)

    def open_questions(
        self,
        text: str,
        *,
        document_type: str = "unknown",
        modules: object = None,
        deadline: DeadlineLike | None = None,
    ) -> list[Open]:
        """What the rules leave open: what `validate_document` would ask a semantic client.

        For `SemanticClient.estimate` and `ask_in_bulk`. Asks nobody, tells no observer, and costs
        what the rules cost.

        Raises:
            EngineOptionsError: The engine has no semantic client.
            DocumentTypeError, DocumentTooLargeError, UnknownModuleError: As `validate_document`.
        """
        if self.semantic is None:
            raise EngineOptionsError("there is no semantic client: give the engine one, semantic=…")
        request = self.request(
            text, document_type=document_type, modules=modules, deadline=deadline
        )
        return self.judge_rules(request).questions

    def judge_rules(self, request: Request) -> JudgedRules:
        """What all rules say, and what they leave open: the first part of `judge`."""
        text, plan, until = request.text, request.plan, request.until
        observation = request.observation
        if observation is not None:
            observation.judging_at = time.perf_counter()
        data, masked = self._judge_data(text, plan, until)
        python = self._python.judge(plan.python, text, request.document_type, until)
        asked: list[Asked] = []
        if self.semantic is not None:
            asked = open_questions(self.semantic, self._places(plan), data, python)
        return JudgedRules(data, python, asked, masked)

    def _places(self, plan: Plan) -> Places:
        known_plan, places = self._open_places
        if known_plan is not plan:
            assert self.semantic is not None
            places = places_of(plan, frozenset(self.semantic.gates))
            self._open_places = (plan, places)
        return places

    def report_of(self, request: Request, judged: JudgedRules) -> ValidationReport:
        """The report of all results: the last part of `judge`."""
        plan, until = request.plan, request.until
        document_type, observation = request.document_type, request.observation
        data, python = judged.data, judged.python
        modules: dict[str, ModuleResult] = {}
        for planned in plan.modules:
            gates = {name: data[place] for place, name in planned.data}
            for place, name in planned.python:
                gates[name] = python[place]
            module = planned.module
            modules[module.key] = ModuleResult(module.name, module.version, MappingProxyType(gates))
        detectors: Mapping[str, DetectorResult] = EMPTY
        analyzers: tuple[str, ...] = ()
        if plan.detectors:
            detectors = plan.grouping.of(data)
            analyzers = tuple(name for name in universal.ANALYZERS if name in detectors)
        results = Results(document_type, MappingProxyType(modules), detectors, analyzers)
        incomplete, has_errors = _left_over(plan, data, python)
        risk, issues = self._risk_of(results)
        if self._rules:
            issues += self._cross(results, until, incomplete)
        if (incomplete or has_errors) and risk == _RISKS_UNSURE:
            risk = "UNKNOWN"
        if observation is not None:
            observation.judged_at = time.perf_counter()
        return ValidationReport(
            document_hash=request.digest,
            timestamp=self.options.timestamp(),
            modules=results.modules,
            overall_risk=risk,
            universal=detectors,
            analyzers=analyzers,
            cross=tuple(issues),
            incomplete=tuple(incomplete),
            inactive=plan.inactive,
            deprecated=plan.deprecated,
        )

    def _judge_data(
        self, text: str, plan: Plan, until: Deadline | None
    ) -> tuple[list[GateResult], Sequence[Span]]:
        """The results of the gates that are data, in the plan's order; what no report shows."""
        if self._judged.gates is None or not plan.numbers:
            return [], ()
        report = self._judged.gates.check(text, deadline=until, only=plan.only)
        results = []
        silent, most = self._silent, self.options.max_findings
        for number, version, verdict in zip(
            plan.numbers, plan.versions, report.verdicts, strict=True
        ):
            result = silent.get(number)
            if result is None or result.verdict is not verdict:
                result = _result(verdict, version, most)
                if not verdict.findings:
                    silent[number] = result  # the set gives the same object each time
            results.append(result)
        return results, report.masked

    def _risk_of(self, results: Results) -> tuple[str, list[Issue]]:
        try:
            risk = self._policy(results)
        except Exception as error:
            what = f"failed with {type(error).__name__}: {shown(error)}"
        else:
            if isinstance(risk, str) and risk:
                return shown(risk), []
            what = f"gave {type(risk).__name__} instead of a word"
        return "UNKNOWN", [failure(name_of(self._policy), what)]

    def _cross(
        self, results: Results, until: Deadline | None, incomplete: list[str]
    ) -> list[Issue]:
        """What the rules find; those that were not finished are added to `incomplete`."""
        found: list[list[Issue]] = []

        def ask_all() -> None:
            for rule in self._rules:
                if until is not None and until.is_over:
                    return
                found.append(issues_of(rule, results, self.options))

        if until is None:
            ask_all()
        elif not until.is_over and not self._hands.are_full:
            self._hands.run(ask_all, until)
        taken = found[:]
        for rule in self._rules[len(taken) :]:
            name = name_of(rule)
            if f"cross/{name}" not in incomplete:  # two may have one name
                incomplete.append(f"cross/{name}")
            taken.append([failure(name, "was not finished before the deadline")])
        return [issue for issues in taken for issue in issues]

    def _warn(self, plan: Plan) -> None:
        for gate in plan.deprecated:
            if gate in self._warned:
                continue
            self._warned.add(gate)
            instead = f"; use {gate.replacement}" if gate.replacement else ""
            reason = f": {gate.reason}" if gate.reason else ""
            warnings.warn(
                f"gate {gate.gate} is deprecated{reason}{instead}",
                GatecoreDeprecation,
                stacklevel=4,
            )

    def close(self) -> None:
        """Gives the Python gates' modules back as they were. The engine may be used again, slower.

        The cache is its owner's to close.
        """
        self._accelerated.close()

    def __enter__(self) -> ComplianceEngine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        count = len(self._judged.listed) + len(self._judged.python)
        return f"<gatecore.ComplianceEngine of {count} gates, {', '.join(self.modules)}>"


@dataclass(slots=True, eq=False)  # one for each document: frozen takes thrice the time
class JudgedRules:
    """The results of a plan's gates so far; those that are open are replaced in these lists."""

    data: list[GateResult]
    python: list[GateResult]
    asked: list[Asked]
    #: Where the document has what no report shows.
    masked: Sequence[Span]

    @property
    def questions(self) -> list[Open]:
        """What a semantic client is asked."""
        return [one.question for one in self.asked]


def _left(until: Deadline | None) -> float | None:
    """The seconds that a deadline leaves."""
    return None if until is None else until.remaining


def _result(verdict: Verdict, version: str, most: int) -> GateResult:
    left_out = len(verdict.findings) - most
    if left_out > 0:
        verdict = replace(verdict, findings=verdict.findings[:most])
    return GateResult(
        verdict.gate,
        version,
        verdict.source,
        verdict.status,
        verdict.severity,
        verdict.message,
        verdict,
        max(left_out, 0),
    )


def _left_over(
    plan: Plan, data: list[GateResult], python: list[GateResult]
) -> tuple[list[str], bool]:
    """The gates that were not finished or need review, as `module/gate`; whether one failed."""
    if not any(result.status in _UNSETTLED for result in (*data, *python)):
        return [], False
    unfinished: dict[str, None] = {}
    for planned in plan.modules:
        for places, results in ((planned.data, data), (planned.python, python)):
            for place, name in places:
                if results[place].status in ("UNKNOWN", NEEDS_REVIEW):
                    unfinished[f"{planned.module.key}/{name}"] = None
    for place, name in plan.detectors:
        if data[place].status == "UNKNOWN":
            unfinished[f"{universal.MODULE}/{name}"] = None
    return list(unfinished), any(result.status == "ERROR" for result in (*data, *python))
