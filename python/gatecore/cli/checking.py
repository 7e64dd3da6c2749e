"""One run of `gatecore check`: documents found, judged side by side, counted, written in order."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, TypeAlias

from gatecore.cli.assessing import Assessed, with_baseline, with_ignores
from gatecore.cli.bar import Bar
from gatecore.cli.exit_codes import FINE, FOUND, UNREADABLE
from gatecore.cli.judging import judged
from gatecore.cli.messages import say_error, say_note
from gatecore.cli.output.check_results import Results, results_as
from gatecore.cli.reading import read_document, refuse_stdin_twice
from gatecore.cli.selection import gate_set
from gatecore.cli.tally import Tally
from gatecore.cli.wanted import Wanted
from gatecore.documents.reading import STDIN, DocumentReadError, InputDocument
from gatecore.documents.walking import walk
from gatecore.errors import GatecoreError
from gatecore.files import writing
from gatecore.gates.baseline import Baseline
from gatecore.gates.statuses import badness
from gatecore.text import visible

if TYPE_CHECKING:
    from gatecore.cli.check_options import Options
    from gatecore.cli.settings import Settings

__all__ = ["Run"]

_TURN_SECONDS: Final = 0.0005
_Item: TypeAlias = str | InputDocument | DocumentReadError
_Judged: TypeAlias = Assessed | DocumentReadError


class Run:
    """Gates and documents as the options ask for, and what has come of them so far.

    Raises:
        GatecoreError: Settings, gates or the baseline cannot be used; then nothing is checked.
    """

    def __init__(self, options: Options, settings: Settings) -> None:
        refuse_stdin_twice(options.files)
        self._options = options
        self._settings = settings
        exclude, include = settings.rules("exclude"), settings.rules("include")
        self._baseline: Baseline | None = None
        if (path := settings["baseline"]) is not None:
            self._baseline = Baseline.read(path, may_be_new=options.update_baseline)
        self._gates = gate_set(settings.selection(options.selection.engine), quiet=options.quiet)
        self._names = frozenset(f"{gate.module}/{gate.name}" for gate in self._gates)
        self._wanted = Wanted.of(options.why, options.why_gates, self._gates)
        walked = walk(
            options.files, exclude=exclude, include=include, gitignore=settings["gitignore"]
        )
        self._found = walked.found
        self._tally = Tally(walked.left_out, settings.config.path, baseline=self._baseline)
        fails_from = {"warning": badness("WARNING"), "fail": badness("WARNING") + 1}
        self._fails_from = fails_from.get(settings["fail-on"], sys.maxsize)

    def code(self) -> int:
        """Checks all of them; gives the exit code."""
        options = self._options
        started = time.monotonic()
        code = FINE
        with self._output() as output:
            try:
                for result_code in self._results(output):
                    code = max(code, result_code)
            except KeyboardInterrupt:
                self._tally.in_all = len(self._found)
                if options.format == "table":  # the others are not whole, and must not look it
                    output.end(self._tally)
                raise
            if self._baseline is not None:
                code = self._end_baseline(self._baseline, code)
            self._tally.seconds = time.monotonic() - started
            output.end(self._tally)
        is_shown = options.format == "table" and options.output is None
        if sys.stderr.isatty() and not options.quiet and not is_shown:
            for line in (self._tally.line(), *self._tally.remarks()):
                print(visible(line), file=sys.stderr)
        return code

    def _results(self, output: Results) -> Iterator[int]:
        """Writes each document's results; gives its exit code."""
        bar = Bar(len(self._found), quiet=self._options.quiet)
        jobs = self._settings.jobs(len(self._found))
        with bar.shown(), _short_turns(jobs):
            for each in judged(self._items(), self._judge, jobs):
                if isinstance(each, DocumentReadError):
                    with bar.aside(for_errors=True):
                        say_error(str(each))
                        output.unreadable(each)
                    self._tally.unreadable += 1
                    yield UNREADABLE
                    continue
                assessed = with_baseline(each, self._baseline)
                self._tally.add(assessed)
                notes = [] if self._options.quiet else list(_notes(assessed))
                with bar.aside(for_errors=bool(notes)):
                    for note in notes:
                        say_note(note)
                    output.checked(assessed)
                if not assessed.report.is_finished:
                    yield UNREADABLE
                else:
                    yield FOUND if assessed.worst >= self._fails_from else FINE

    def _items(self) -> Iterator[_Item]:
        """What to judge. Standard input is read here: an interpreter cannot end while a thread
        waits for it.
        """
        for each in self._found:
            if each != STDIN:
                yield each
                continue
            try:
                yield self._read(STDIN)
            except DocumentReadError as error:
                yield error

    def _read(self, name: str) -> InputDocument:
        return read_document(name, self._options.reading, self._settings["encoding"])

    def _judge(self, item: _Item) -> _Judged:
        """In a thread of its own."""
        if isinstance(item, DocumentReadError):
            return item
        name = item if isinstance(item, str) else item.name
        try:
            document = self._read(item) if isinstance(item, str) else item
            report = self._gates.check(document.text, deadline=self._settings["timeout"])
            return with_ignores(
                document,
                report,
                self._names,
                obeyed=self._settings["ignores"],
                least=self._settings["severity"],
            )
        except DocumentReadError as error:
            return error
        except MemoryError:
            return DocumentReadError(name, "memory ran out; split it into smaller files")
        except Exception as error:
            said = f"it could not be checked, by a fault of gatecore: {type(error).__name__}"
            return DocumentReadError(name, f"{said}: {error}; please report it")

    @contextlib.contextmanager
    def _output(self) -> Iterator[Results]:
        with contextlib.ExitStack() as stack:
            if (path := self._options.output) is not None:
                try:
                    file = stack.enter_context(writing(path))
                except OSError as error:
                    raise GatecoreError(f"--output {visible(path)}: {error.strerror}") from None
                stack.enter_context(contextlib.redirect_stdout(file))
            yield results_as(
                self._options.format,
                self._gates,
                self._wanted,
                everything=self._options.all,
                quiet=self._options.quiet,
            )

    def _end_baseline(self, baseline: Baseline, code: int) -> int:
        baseline.end()
        if not self._options.update_baseline:
            return code
        baseline.write()
        self._tally.is_written = True
        return FINE if code == FOUND else code


@contextlib.contextmanager
def _short_turns(jobs: int) -> Iterator[None]:
    """Threads that judge need the GIL for microseconds at a time, and wait for each 5 ms otherwise.

    With two threads on two busy processors that took 1.18 times as long as with one; so, 0.99.
    """
    if jobs == 1:
        yield
        return
    before = sys.getswitchinterval()
    sys.setswitchinterval(_TURN_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _notes(assessed: Assessed) -> Iterator[str]:
    if assessed.not_obeyed:
        return
    for comment in assessed.ignores:
        if comment.problem:
            yield f"{assessed.document.name}:{comment.line}: ignore comment: {comment.problem}"
