"""The prompt of `esf-etl sql`: queries typed one after another, with history and completion."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.completion import Completer, Completion
from prompt_toolkit.filters import Condition
from prompt_toolkit.lexers import PygmentsLexer
from pygments.lexers.sql import PostgresLexer

from esf_etl import __version__
from esf_etl.cli import output, results
from esf_etl.cli.completion import candidates
from esf_etl.cli.dot_commands import COMMANDS, complete_command, describe, list_relations
from esf_etl.cli.history_file import QueryHistory, history_path
from esf_etl.errors import EsfEtlError, UsageError
from esf_etl.warehouse.catalogue import read_catalogue
from esf_etl.warehouse.database import open_reader
from esf_etl.warehouse.folder import DATABASE, WarehouseFolder
from esf_etl.warehouse.publish import read_manifest
from esf_etl.warehouse.query import ask, is_finished, statements_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prompt_toolkit.completion import CompleteEvent
    from prompt_toolkit.document import Document

    from esf_etl.warehouse.catalogue import Catalogue

__all__ = ["Prompt", "open_prompt"]

_PROMPT = "esf> "
_CONTINUED = "...> "
_LEAVE = (".quit", ".exit", "quit", "exit")


def open_prompt(root: Path, *, form: str, max_rows: int) -> int:
    """Greet, then answer what is typed until the user leaves; returns the exit status. Raises as `open_reader`."""
    prompt = Prompt(root, form=form, max_rows=max_rows)
    session: PromptSession[str] = PromptSession(
        history=QueryHistory(history_path()),
        completer=_Completer(prompt),
        lexer=PygmentsLexer(PostgresLexer),
        complete_while_typing=False,
        # Enter ends what is finished, and else begins a new line.
        multiline=Condition(lambda: not takes(get_app().current_buffer.text)),
        prompt_continuation=_CONTINUED,
    )
    output.say(prompt.greeting())
    try:
        while True:
            try:
                text = session.prompt(_PROMPT)
            except KeyboardInterrupt:  # what is typed is dropped
                continue
            except EOFError:
                return 0
            try:
                prompt.answer(text)
            except KeyboardInterrupt:
                output.note("Interrupted.")
            except EOFError:
                return 0
            except EsfEtlError as problem:
                output.note(str(problem))
    finally:
        prompt.close()


def takes(text: str) -> bool:
    """Whether Enter ends what is typed: a command, nothing, or SQL that ends with a semicolon."""
    stripped = text.strip()
    return not stripped or stripped.startswith(".") or stripped in _LEAVE or is_finished(text)


class Prompt:
    """What a session knows: the snapshot it has open, and how it shows rows."""

    def __init__(self, root: Path, *, form: str = "table", max_rows: int = results.MAX_ROWS) -> None:
        self._folder = WarehouseFolder(root)
        self._form = form
        self._max_rows = max_rows
        self._told_of: Path | None = None
        self._open()

    def _open(self) -> None:
        snapshot = self._folder.current_snapshot()
        connection = open_reader((snapshot or self._folder.current) / DATABASE)
        self.catalogue: Catalogue = read_catalogue(connection)
        self._snapshot, self._connection = snapshot, connection

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    def greeting(self) -> str:
        """Which warehouse, of when, how large, and where to begin."""
        manifest = read_manifest(self._snapshot) if self._snapshot else None
        what = ""
        if manifest:
            at = datetime.fromisoformat(manifest.published_at).astimezone(UTC)
            what = f"published {at:%Y-%m-%d %H:%M} UTC, {manifest.rows['main.project']} projects"
        start = " FROM report.guide; tells of the ready-made answers." if self.catalogue.find("report.guide") else ""
        return (
            f"esf-etl {__version__}: {self._folder.root}, {what}; read-only.\n"
            f'A query ends with ";". .help lists the commands.{start}'
        )

    def answer(self, text: str) -> None:
        """Do what was typed. Raises `EOFError` to leave, `KeyboardInterrupt`, or an error to tell of."""
        text = text.strip()
        if text in _LEAVE:
            raise EOFError
        if not text.startswith("."):
            self.tell_of_newer()
            if text:
                self._query(text)
            return
        name, _, argument = text.partition(" ")
        if name not in COMMANDS:
            msg = f"there is no command {name}."
            raise UsageError(msg, advice="There are: " + " ".join(COMMANDS))
        getattr(self, f"_do_{name[1:]}")(argument.strip().removesuffix(";"))

    def tell_of_newer(self) -> None:
        """Say once of each snapshot that was published since ours was opened."""
        try:
            current = self._folder.current_snapshot()
        except EsfEtlError:
            return  # it points to nothing: .reopen says so
        if current not in (None, self._snapshot, self._told_of):
            self._told_of = current
            output.note("A newer snapshot was published; .reopen shows it.")

    def _query(self, text: str) -> None:
        for statement in statements_of(self._connection, text):
            answer = ask(self._connection, statement)
            if answer is not None:
                results.show(
                    answer,
                    answer.rows(),
                    self._form,
                    max_rows=self._max_rows,
                    more=".rows all shows all.",
                    fewer_columns="Name those you want, or say .format json.",
                )

    # ---- the commands, one a method -------------------------------------------------------------------------

    def _do_help(self, _argument: str) -> None:
        width = max(len(f"{name} {argument}") for name, (argument, _) in COMMANDS.items())
        for name, (argument, meaning) in COMMANDS.items():
            output.say(f"{f'{name} {argument}':<{width}}  {meaning}")
        output.say("Tab completes, Ctrl-R searches the history, Ctrl-C ends a query, Ctrl-D leaves.")

    def _do_tables(self, argument: str) -> None:
        list_relations(self.catalogue, argument)

    def _do_schema(self, argument: str) -> None:
        describe(self.catalogue, argument)

    def _do_format(self, argument: str) -> None:
        if not argument:
            output.say(self._form)
        elif argument == "parquet":
            msg = "Parquet is no text to print."
            raise UsageError(msg, advice="Outside of the prompt: esf-etl sql QUERY --output FILE.parquet")
        elif argument not in results.FORMATS:
            msg = f"there is no format {argument}."
            raise UsageError(msg, advice="There are: " + " ".join(one for one in results.FORMATS if one != "parquet"))
        else:
            self._form = argument

    def _do_rows(self, argument: str) -> None:
        if not argument:
            output.say(str(self._max_rows or "all"))
        elif argument == "all" or argument.isdecimal():
            self._max_rows = 0 if argument == "all" else int(argument)
        else:
            msg = f"{argument} is no number of rows."
            raise UsageError(msg, advice="Say .rows 500, or .rows all.")

    def _do_reopen(self, _argument: str) -> None:
        if self._folder.current_snapshot() == self._snapshot:
            output.say("This is the newest snapshot.")
            return
        # The new one first: where it cannot be opened, we still have the old one. Each snapshot is a file of its own
        # behind `current`; of one and the same path DuckDB would go on to show what it has open.
        before = self._connection
        self._open()
        before.close()
        output.say(self.greeting().partition("\n")[0])


class _Completer(Completer):
    """Completion as prompt_toolkit asks for it."""

    def __init__(self, prompt: Prompt) -> None:
        self._prompt = prompt

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:  # noqa: ARG002
        """The words that could stand at the cursor."""
        before = document.text_before_cursor
        if before.lstrip().startswith("."):
            typed, found = complete_command(before.lstrip(), self._prompt.catalogue)
        else:
            typed, found = candidates(before, document.text, self._prompt.catalogue)
        for one in found:
            yield Completion(one.text, start_position=-len(typed), display_meta=one.kind)
