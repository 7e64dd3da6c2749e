"""`EngineSpec`: which engine is meant, in a form that goes to other processes and machines.

    names, files ──compile()──▶ gates and compiled sets as bytes ──pickle──▶ engine(), no compiling

Compiled sets travel as `PatternStore` keeps them, each under a name that says which interpreter,
processor and version it is for. Where another one is needed, the worker compiles: later, not wrong.
"""

from __future__ import annotations

import os
import pickle
import threading
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from gatecore.engine.cache_keys import digest, gate_content, surroundings
from gatecore.engine.engine import ComplianceEngine
from gatecore.engine.options import EngineOptions
from gatecore.errors import ScaleError
from gatecore.modules import defaults
from gatecore.modules import load as load_shipped
from gatecore.patterns.store import PatternStore

if TYPE_CHECKING:
    from gatecore.gates.spec import Module

__all__ = ["EngineLike", "EngineSpec", "engine_of"]

#: Engines of specifications that a process keeps, the last ones that were asked for.
_MOST_KEPT: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSpec:
    """The gates and limits of an engine, which can be pickled, compiled patterns included.

    Attributes:
        modules: Names of shipped modules. Those of `gatecore.modules.defaults` if neither these nor
            `gate_files` are given.
        gate_files: Gate files, or folders of them; read by `compile`, else by each process.
        detectors: As of `ComplianceEngine`.
        risk: The rule for the overall risk.
        options: Limits; a `clock` must be one that can be pickled.
        compiled: What `compile` made; trusted as code is.

    >>> import pickle
    >>> from gatecore.scale import EngineSpec
    >>> spec = EngineSpec(modules=("gdpr_uk",), detectors=False).compile()
    >>> sent = pickle.loads(pickle.dumps(spec))
    >>> sent.engine().validate_document("Invoice 17.").overall_risk
    'LOW'
    """

    modules: tuple[str, ...] = ()
    gate_files: tuple[str, ...] = ()
    detectors: bool = True
    risk: Literal["weighted", "worst"] = "weighted"
    options: EngineOptions = field(default_factory=EngineOptions)
    compiled: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Raises `ScaleError` where one text stands for a list of them."""
        for name in ("modules", "gate_files"):
            value = getattr(self, name)
            if isinstance(value, str | os.PathLike):
                raise ScaleError(f"{name} is {value!r}: give several, ({value!r},)")
            object.__setattr__(self, name, tuple(map(os.fspath, value)))

    def compile(self, *, store: PatternStore | None = None) -> EngineSpec:
        """The same with its gates read and compiled, for other processes to load.

        Costs what making the engine costs, seconds where its patterns are compiled nowhere yet;
        16 MB for the shipped modules. `engine` takes milliseconds then.

        Args:
            store: Where compiled patterns are kept on this machine as well; nowhere if None.

        Raises:
            UnknownModuleError, GateFileError, PatternSetError: As `ComplianceEngine`.
        """
        if self.compiled is not None:
            return self
        modules = self._read()
        sets = _Sets({}, store)
        self._made(modules, sets).close()
        return replace(self, compiled=pickle.dumps((modules, sets.content)))

    def engine(self) -> ComplianceEngine:
        """The engine: one in each process for all who ask, also from several threads.

        Raises:
            UnknownModuleError, GateFileError, PatternSetError: As `ComplianceEngine`.
        """
        with _LOCK:
            known = _ENGINES.pop(self, None)
            if known is None:
                if self.compiled is None:
                    known = self._made(self._read(), None)
                else:
                    modules, content = pickle.loads(self.compiled)
                    known = self._made(modules, _Sets(content, None))
            _ENGINES[self] = known
            while len(_ENGINES) > _MOST_KEPT:
                _ENGINES.popitem(last=False)
            return known

    def digest(self) -> str:
        """The key, in hexadecimal, of all that its answers depend on: gates, limits, program.

        Costs reading the gates, and 100 µs for each.

        >>> from gatecore.scale import EngineSpec
        >>> spec = EngineSpec(modules=("gdpr_uk",), detectors=False)
        >>> spec.digest() == EngineSpec(modules=("fca_uk",), detectors=False).digest()
        False
        """
        read = self._read() if self.compiled is None else pickle.loads(self.compiled)[0]
        gates = [gate_content(gate) for module in read for gate in module.gates]
        titles = [module.title for module in read]
        deadline = repr(self.options.deadline_seconds)
        limits = [self.options.shaping(), deadline, self.risk, repr(self.detectors)]
        return digest([*limits, surroundings(), *titles, "gates", *gates])

    def _read(self) -> tuple[Module, ...]:
        """The modules; the engine adds the detectors."""
        from gatecore.gates.files.sources import load_modules

        names = self.modules if self.modules or self.gate_files else defaults()
        read = [load_shipped(name) for name in names]
        for path in self.gate_files:
            read += load_modules(Path(path))
        return tuple(read)

    def _made(self, modules: tuple[Module, ...], store: PatternStore | None) -> ComplianceEngine:
        return ComplianceEngine(
            modules,
            detectors=self.detectors,
            risk=self.risk,
            options=self.options,
            store=store,
        )


class _Sets(PatternStore):
    """Compiled sets in memory; what it lacks is looked for, and kept, in a store behind it."""

    def __init__(self, content: dict[str, bytes], behind: PatternStore | None) -> None:
        super().__init__(Path(os.devnull, "gatecore"))
        self.content = content
        self._behind = behind

    def kept(self, name: str) -> bytes | None:
        found = self.content.get(name)
        if found is None and self._behind is not None:
            found = self._behind.kept(name)
            if found is not None:
                self.content[name] = found
        return found

    def keep(self, name: str, content: bytes) -> None:
        self.content[name] = content
        if self._behind is not None:
            self._behind.keep(name, content)


_LOCK: Final = threading.RLock()
_ENGINES: Final[OrderedDict[EngineSpec, ComplianceEngine]] = OrderedDict()

EngineLike: TypeAlias = "ComplianceEngine | EngineSpec | None"


def engine_of(engine: EngineLike) -> ComplianceEngine:
    """The engine that is meant; None means the modules that are asked by default.

    Raises:
        ScaleError: It is something else.
    """
    if isinstance(engine, ComplianceEngine):
        return engine
    if engine is None:
        engine = _DEFAULT
    if not isinstance(engine, EngineSpec):
        raise ScaleError(
            f"engine is {type(engine).__name__}: expected an EngineSpec or a ComplianceEngine"
        )
    return engine.engine()


_DEFAULT: Final = EngineSpec()
