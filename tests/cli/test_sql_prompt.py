"""The prompt of `esf-etl sql`, on a terminal of its own: what a user types, and what the terminal shows."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import stat
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from esf_etl.cli.history_file import KEPT_BYTES, KEPT_QUERIES, QueryHistory, history_path
from esf_etl.cli.prompt import Prompt, takes
from esf_etl.pipeline import ingest
from esf_etl.settings import IngestSettings
from tests.cli.conftest import HARMFUL, HARMLESS_TITLE, Place, environment, project, put

_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|[()][A-Z0-9]|[=>])")
_WAIT_S = 60
ENTER, CTRL_C, CTRL_D, TAB, UP = "\r", "\x03", "\x04", "\t", "\x1b[A"


class Terminal:
    """`esf-etl` on a terminal of 120 columns."""

    def __init__(self, *arguments: str | Path, state: Path, **more: str) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 120, 0, 0))
        self._process = subprocess.Popen(
            [sys.executable, "-c", _ON_THIS_TERMINAL, *map(str, arguments)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment(PROMPT_TOOLKIT_NO_CPR="1", TERM="xterm", XDG_STATE_HOME=str(state), **more),
            start_new_session=True,
        )
        os.close(theirs)
        self.raw = ""
        self._seen = 0

    def shows(self, text: str) -> str:
        """Wait until the terminal shows a text that it did not show before; what came until then, without escapes."""
        deadline = time.monotonic() + _WAIT_S
        while True:
            fresh = _ESCAPES.sub("", self.raw[self._seen :])
            if text in fresh:
                self._seen = len(self.raw)
                return fresh
            assert time.monotonic() < deadline, f"no {text!r} in {fresh!r}"
            assert self._read(), f"it ended without {text!r}: {fresh!r}"

    def _read(self) -> bool:
        if not select.select([self._ours], [], [], 0.2)[0]:
            return True
        try:
            data = os.read(self._ours, 65536)
        except OSError:  # on Linux the end of the other side
            return False
        self.raw += data.decode(errors="replace")
        return bool(data)

    def is_left_to_the_query(self) -> None:
        """Wait until the prompt has let go of the terminal: from then on Ctrl-C is a signal."""
        deadline = time.monotonic() + _WAIT_S
        while "\x1b[?2004l" not in self.raw[self._seen :]:
            assert time.monotonic() < deadline
            assert self._read()

    def types(self, *keys: str) -> None:
        os.write(self._ours, "".join(keys).encode())

    def asks(self, query: str, answer: str) -> str:
        """Type a query; what the terminal shows of it, up to its answer and the next prompt."""
        self.types(query, ENTER)
        shown = self.shows(answer)
        if "esf>" not in shown.rpartition(answer)[2]:
            self.shows("esf>")
        return shown

    def ends(self) -> int:
        """The exit status, once all is read."""
        while self._read() and self._process.poll() is None:
            pass
        return self._process.wait(timeout=_WAIT_S)

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._ours)


# Ctrl-C comes from the terminal, so the process has to have it as its own.
_ON_THIS_TERMINAL = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from esf_etl.cli import main
sys.exit(main(sys.argv[1:]))
"""


Open = Callable[..., Terminal]


@pytest.fixture
def open_terminal(published: Place, tmp_path: Path) -> Iterator[Open]:
    """`open_terminal("sql", …)`, closed after the test; the history is below tmp_path / "state"."""
    opened = []

    def start(*arguments: str | Path, warehouse: Path = published.warehouse, **more: str) -> Terminal:
        terminal = Terminal(*arguments, "--warehouse", warehouse, state=tmp_path / "state", **more)
        opened.append(terminal)
        return terminal

    yield start
    for terminal in opened:
        terminal.close()


@pytest.fixture
def terminal(open_terminal: Open) -> Terminal:
    """The prompt, after its greeting."""
    found = open_terminal("sql")
    found.shows("esf>")
    return found


# ---- on a terminal ----------------------------------------------------------------------------------------------


def test_it_greets_with_the_warehouse_its_time_its_size_and_where_to_begin(
    open_terminal: Open, published: Place
) -> None:
    shown = open_terminal("sql").shows("esf>")

    assert str(published.warehouse) in shown
    assert re.search(r"published \d{4}-\d\d-\d\d \d\d:\d\d UTC, 3 projects", shown)
    assert ".help" in shown
    assert "FROM report.guide" in shown


def test_queries_of_one_line_and_of_several_are_answered_and_ctrl_d_leaves_with_0(terminal: Terminal) -> None:
    terminal.asks("SELECT 40 + 2 AS n;", "42")
    terminal.types("SELECT title", ENTER)
    terminal.shows("...>")
    terminal.types("FROM project WHERE title = 'Al' ||", ENTER)
    terminal.shows("...>")
    terminal.asks("'fa'; -- done", "Alfa")
    terminal.types(CTRL_D)

    assert terminal.ends() == 0
    assert "Traceback" not in terminal.raw


def test_an_error_is_told_in_the_databases_words_and_the_prompt_goes_on(terminal: Terminal) -> None:
    terminal.asks("SELECT titel FROM project;", "Binder Error: Referenced column")
    terminal.asks("SELEC 1;", "Parser Error: syntax error")
    terminal.asks("COPY project TO 'made.csv';", "COPY is refused")
    terminal.asks("SELECT 6 * 7 AS n;", "42")


def test_ctrl_c_ends_a_long_query_without_leaving(terminal: Terminal) -> None:
    terminal.types("SELECT count(*) FROM range(1000000000000) AS a, range(1000) AS b;", ENTER)
    terminal.is_left_to_the_query()
    time.sleep(1)
    terminal.types(CTRL_C)
    terminal.shows("Interrupted.")
    terminal.asks("SELECT 6 * 7 AS n;", "42")


def test_ctrl_c_drops_what_is_typed(terminal: Terminal) -> None:
    terminal.types("SELECT nonsense", CTRL_C)
    terminal.shows("esf>")
    terminal.asks("SELECT 6 * 7 AS n;", "42")
    assert "Error" not in terminal.raw


def test_tab_completes_a_name_of_this_database(terminal: Terminal) -> None:
    terminal.types("SELECT heading FROM project_sec", TAB)
    terminal.shows("project_section_as_of(")  # the list; what all of it have in common is typed already
    terminal.asks(" LIMIT 1;", "Sammanfattning")


def test_the_history_of_one_session_is_there_in_the_next(open_terminal: Open, tmp_path: Path) -> None:
    first = open_terminal("sql")
    first.shows("esf>")
    first.asks("SELECT 12345 AS\nlonely;", "12345")
    first.types(CTRL_D)
    assert first.ends() == 0

    second = open_terminal("sql")
    second.shows("esf>")
    second.types(UP)
    second.shows("lonely")
    second.asks("", "12345")

    path = tmp_path / "state" / "esf-etl" / "sql_history"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_without_a_place_for_its_history_it_works(open_terminal: Open, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way", encoding="utf-8")
    found = open_terminal("sql")
    found.shows("esf>")

    found.asks("SELECT 6 * 7 AS n;", "42")
    found.types(".quit", ENTER)

    assert found.ends() == 0
    assert "Traceback" not in found.raw


def test_a_snapshot_published_meanwhile_is_told_of_and_reopened(open_terminal: Open, own: Place) -> None:
    found = open_terminal("sql", warehouse=own.warehouse)
    found.shows("esf>")
    found.asks("SELECT count(*) + 40 AS n FROM project;", "43")
    put(own.landing, "d.txt", project("Delta"))
    ingest(IngestSettings(landing=own.landing, warehouse=own.warehouse, workers=1))

    shown = found.asks("SELECT count(*) + 40 AS n FROM project;", "43")
    assert "A newer snapshot was published; .reopen shows it." in shown
    found.asks(".reopen", "4 projects")
    assert "newer" not in found.asks("SELECT count(*) + 40 AS n FROM project;", "44")
    found.asks(".reopen", "This is the newest snapshot.")


def test_a_table_is_cut_on_a_terminal_and_says_how_to_see_all(terminal: Terminal) -> None:
    shown = terminal.asks("FROM range(2345);", "The first 100 of 2345 rows. .rows all shows all.")
    assert "  99  " in shown
    assert "  100  " not in shown
    terminal.types(".rows 5", ENTER)
    terminal.shows("esf>")
    terminal.asks("FROM range(2345);", "The first 5 of 2345 rows.")
    terminal.types(".rows all", ENTER)
    terminal.shows("esf>")
    assert "The first" not in terminal.asks("FROM range(120, 345);", "  344  ")


def test_columns_without_room_are_left_out_and_counted(terminal: Terminal) -> None:
    shown = terminal.asks("FROM project;", " of 28 columns. Name those you want, or say .format json.")

    assert "project_id" in shown
    assert "esf-" in shown


def test_one_query_on_a_terminal_is_cut_too(open_terminal: Open) -> None:
    found = open_terminal("sql", "FROM range(2345)", "--max-rows", "7")
    found.shows("The first 7 of 2345 rows. --max-rows 0 shows all, --output FILE writes them.")

    assert found.ends() == 0


@pytest.mark.parametrize("form", ["table", "csv", "json", "ndjson"])
def test_no_format_lets_a_title_steer_the_terminal(form: str, open_terminal: Open) -> None:
    found = open_terminal("sql", "SELECT title FROM project WHERE title LIKE 'Ond%'", "--format", form)
    found.shows(HARMLESS_TITLE if form in ("table", "csv") else "\\u0007")

    assert found.ends() == 0
    assert not any(character in found.raw.replace("\x1b[1m", "").replace("\x1b[0m", "") for character in HARMFUL)


# ---- the commands -----------------------------------------------------------------------------------------------


@pytest.fixture
def prompt(published: Place) -> Iterator[Prompt]:
    """A session without a terminal."""
    found = Prompt(published.warehouse)
    yield found
    found.close()


def test_help_names_every_command(prompt: Prompt, capsys: pytest.CaptureFixture[str]) -> None:
    prompt.answer(".help")

    shown = capsys.readouterr().out
    for name in (".tables", ".schema", ".format", ".rows", ".reopen", ".help", ".quit", "Ctrl-C", "Ctrl-D"):
        assert name in shown


def test_tables_lists_views_tables_and_macros(prompt: Prompt, capsys: pytest.CaptureFixture[str]) -> None:
    prompt.answer(".tables")
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("project\tview\tOne row a project") for line in lines)
    assert any(line.startswith("project_as_of(moment)\ttable macro\t") for line in lines)

    prompt.answer(".tables ref")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 7
    assert all(line.startswith("ref.") for line in lines[1:])


def test_schema_shows_columns_with_types_and_meanings(prompt: Prompt, capsys: pytest.CaptureFixture[str]) -> None:
    prompt.answer(".schema report.coverage")

    shown = capsys.readouterr().out
    assert shown.startswith("report.coverage: How much of each programme period is loaded")
    assert "known_as_of\tDATE\tDay of that count; NULL where not known.\n" in shown

    prompt.answer(".schema project_as_of;")
    assert "project_as_of(moment)" in capsys.readouterr().out


def test_the_format_can_be_changed(prompt: Prompt, capsys: pytest.CaptureFixture[str]) -> None:
    prompt.answer(".format ndjson")
    prompt.answer("SELECT 1 AS a;")
    prompt.answer(".format")

    assert capsys.readouterr().out == '{"a": 1}\nndjson\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (".nothing", "there is no command .nothing"),
        (".schema nothing", "there is no table nothing"),
        (".schema", "of which table?"),
        (".tables nothing", "there is no schema nothing"),
        (".format xml", "there is no format xml"),
        (".format parquet", "--output"),
        (".rows many", "no number of rows"),
    ],
)
def test_a_command_that_cannot_be_meant_says_what_can(text: str, says: str, prompt: Prompt) -> None:
    from esf_etl.errors import UsageError

    with pytest.raises(UsageError, match=re.escape(says)):
        prompt.answer(text)


@pytest.mark.parametrize("text", [".quit", ".exit", "quit", "exit", " .quit "])
def test_words_that_leave(text: str, prompt: Prompt) -> None:
    with pytest.raises(EOFError):
        prompt.answer(text)


@pytest.mark.parametrize("text", ["SELECT 1;", "SELECT 'å';", "SELECT 1; -- a remark", "", " ", ".tables", "quit", ";"])
def test_enter_ends_what_is_finished(text: str) -> None:
    assert takes(text)


@pytest.mark.parametrize(
    "text", ["SELECT 1", "SELECT 'a;", 'SELECT "a;', "SELECT 1 -- a;", "SELECT 1 /* ;", "SELECT $$;", "SELECT 1; 'x"]
)
def test_enter_goes_on_with_what_is_not(text: str) -> None:
    assert not takes(text)


# ---- the history ------------------------------------------------------------------------------------------------


def test_the_history_lies_where_xdg_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", "/srv/state")
    assert history_path() == Path("/srv/state/esf-etl/sql_history")

    for ignored in ("", "relative/folder"):
        monkeypatch.setenv("XDG_STATE_HOME", ignored)
        assert history_path() == tmp_path / ".local/state/esf-etl/sql_history"


def test_a_link_in_the_place_of_the_history_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine", encoding="utf-8")
    (tmp_path / "sql_history").symlink_to(victim)
    history = QueryHistory(tmp_path / "sql_history")

    history.store_string("SELECT 1;")

    assert list(history.load_history_strings()) == []
    assert victim.read_text(encoding="utf-8") == "mine"


def test_a_history_that_others_can_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "sql_history"
    path.touch(mode=0o644)

    QueryHistory(path).store_string("SELECT 1;")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(QueryHistory(path).load_history_strings()) == ["SELECT 1;"]


def test_a_prompt_that_opens_leaves_the_latest_queries_and_no_more(tmp_path: Path) -> None:
    path = tmp_path / "sql_history"
    for number in range(KEPT_QUERIES + 20):
        QueryHistory(path).store_string(f"SELECT {number},\n  'two lines';")
    before = path.read_bytes()

    loaded = list(QueryHistory(path).load_history_strings())

    assert len(loaded) == KEPT_QUERIES
    assert loaded[0] == f"SELECT {KEPT_QUERIES + 19},\n  'two lines';"
    assert loaded[-1] == "SELECT 20,\n  'two lines';"
    assert before.endswith(path.read_bytes())
    QueryHistory(path).store_string("SELECT 'next';")
    assert next(iter(QueryHistory(path).load_history_strings())) == "SELECT 'next';"


def test_a_history_of_long_queries_is_shortened_to_a_size(tmp_path: Path) -> None:
    path = tmp_path / "sql_history"
    for number in range(4):
        QueryHistory(path).store_string(f"SELECT {number} -- {'x' * (KEPT_BYTES * 2 // 5)}")

    assert [query[:8] for query in QueryHistory(path).load_history_strings()] == ["SELECT 3", "SELECT 2"]
    assert path.stat().st_size <= KEPT_BYTES


# ---- without a terminal, without the package --------------------------------------------------------------------


def test_a_prompt_into_a_pipe_is_wrong_usage(published: Place, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "esf_etl.cli", "sql", "--warehouse", str(published.warehouse)],
            stdin=theirs,
            capture_output=True,
            text=True,
            env=environment(XDG_STATE_HOME=str(tmp_path)),
            check=False,
            timeout=60,
        )
    finally:
        os.close(ours)
        os.close(theirs)

    assert (done.returncode, done.stdout) == (2, "")
    assert "no query" in done.stderr


def test_without_its_package_the_prompt_names_the_extra(published: Place, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = (
        "import sys; sys.modules['prompt_toolkit'] = None\nfrom esf_etl.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", command, "sql", "--warehouse", str(published.warehouse)],
            stdin=theirs,
            stdout=theirs,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(XDG_STATE_HOME=str(tmp_path)),
            check=False,
            timeout=60,
        )
    finally:
        os.close(ours)
        os.close(theirs)

    assert done.returncode == 1
    assert "[missing-extra]" in done.stderr
    assert "pip install 'esf-etl[reports]'" in done.stderr
