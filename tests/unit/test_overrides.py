"""The overrides file as a person writes it: what is read, and each mistake named by its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from esf_etl import Project, project_id
from esf_etl.errors import EsfEtlError
from esf_etl.overrides import KINDS, Override, corrections_of, read_overrides

HEAD = "kind,what,becomes,why\n"


def read(tmp_path: Path, text: str | bytes) -> list[Override]:
    path = tmp_path / "overrides.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_overrides(path)


def refusal(tmp_path: Path, text: str | bytes) -> EsfEtlError:
    with pytest.raises(EsfEtlError) as caught:
        read(tmp_path, text)
    assert caught.value.code == "overrides-invalid"
    assert caught.value.advice
    assert caught.value.path == str(tmp_path / "overrides.csv")
    return caught.value


def test_every_kind_is_read_with_the_number_of_its_line(tmp_path: Path) -> None:
    lines = [
        "same-project,esf-1,esf-2,w",
        "other-project,a/b.txt,esf-3-s04,w",
        "region,Sydsvärje,SE22,w",
        "municipality,Hobo,0305,w",
        "ignore,c.TXT,,w",
    ]

    found = read(tmp_path, HEAD + "\n".join(lines))

    assert [",".join(each[1:]) for each in found] == lines
    assert [each.line for each in found] == [2, 3, 4, 5, 6]
    assert {each.kind for each in found} == set(KINDS)


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffkind;what;becomes;why\r\nignore;a.txt;;skräp, helt enkelt\r\n",
        '# a word before, and a lone " in it\n\nwhy,KIND, what ,becomes\n"skräp, helt enkelt",ignore, a.txt ,\n',
        'kind,what,becomes,why\n,,,\n"# a comment, quoted by a spreadsheet",,,\nignore,a.txt,,"skräp, helt enkelt"\n',
    ],
    ids=["spreadsheet with semicolons and BOM", "columns in another order", "empty rows"],
)
def test_what_spreadsheets_make_of_it_is_read(tmp_path: Path, text: str) -> None:
    [found] = read(tmp_path, text)

    assert found[1:] == ("ignore", "a.txt", "", "skräp, helt enkelt")


def test_a_reason_may_have_lines_and_the_next_row_its_right_number(tmp_path: Path) -> None:
    found = read(tmp_path, HEAD + '# note\nignore,a.txt,,"one\n# two"\n\nignore,b.txt,,w\n')

    assert [(each.line, each.why) for each in found] == [(3, "one\n# two"), (6, "w")]


def test_the_first_line_alone_is_no_override(tmp_path: Path) -> None:
    assert read(tmp_path, HEAD) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("merge,esf-1,esf-2,w", "`kind` is none of same-project, other-project"),
        (",esf-1,esf-2,w", "`kind` is none of"),
        ("same-project,2016/1,esf-2,w", "`what` is no project id"),
        ("same-project,ESF-1,esf-2,w", "`what` is no project id"),
        ("same-project,esf-1,esf--2,w", "`becomes` is no project id"),
        ("same-project,esf-1,esf-1,w", "it merges a project into itself"),
        ("other-project,/a.txt,esf-2,w", "`what` is no path"),
        ("ignore,../a.txt,,w", "`what` is no path"),
        ("ignore,a/../../a.txt,,w", "`what` is no path"),
        ("ignore,a//a.txt,,w", "`what` is no path"),
        ("ignore,a.pdf,,w", "their names end in .txt"),
        ("ignore,a.txt,b.txt,w", "`becomes` must be empty"),
        ("region,Syd,SE99,w", "`becomes` is no code of ref.region"),
        ("municipality,Hobo,305,w", "`becomes` is no code of ref.municipality"),
        ("municipality,Hobo,9999,w", "`becomes` is no code of ref.municipality"),
        ("municipality,-,0305,w", "`what` names nothing"),
        ("municipality,,0305,w", "`what` is empty"),
        ("municipality,Hobo,,w", "`becomes` is empty"),
        ("municipality,Hobo,0305, ", "`why` is empty"),
        ("municipality,Hobo,0305", "it has 3 columns instead of 4"),
        ("municipality,Hobo,0305,w,w", "it has 5 columns instead of 4"),
        ('municipality,"Hobo,0305,w', "its quotes do not close"),
    ],
)
def test_a_mistake_is_named_by_its_line(tmp_path: Path, line: str, said: str) -> None:
    problem = refusal(tmp_path, f"{HEAD}region,Syd,SE22,w\n{line}\n")

    assert problem.line == 3
    assert "line 3: " in problem.message
    assert said in problem.message


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["region,Syd,SE22,w", "region,SYD,SE22,w"], "line 3: it repeats line 2"),
        (["region,Syd,SE22,w", "region,syd,SE33,w"], "line 3: it contradicts line 2"),
        (["same-project,esf-1,esf-2,w", "same-project,esf-2,esf-1,w"], "line 2: it goes round in a circle by line 3"),
        (["same-project,esf-1,esf-2,w", "same-project,esf-2,esf-3,w"], "line 2: its `becomes` is merged on by line 3"),
        (["other-project,a.txt,esf-2,w", "same-project,esf-2,esf-3,w"], "line 2: its `becomes` is merged on by line 3"),
        (["ignore,a.txt,,w", "other-project,a.txt,esf-2,w"], "line 3: line 2 ignores that page"),
        (["same-project,esf-1,esf-2,w", "same-project,esf-1,esf-3,w"], "line 3: it contradicts line 2"),
    ],
)
def test_lines_that_do_not_go_together_are_named(tmp_path: Path, lines: list[str], said: str) -> None:
    assert said in refusal(tmp_path, HEAD + "\n".join(lines)).message


def test_a_circle_of_three_is_one(tmp_path: Path) -> None:
    lines = ["same-project,esf-1,esf-2,w", "same-project,esf-2,esf-3,w", "same-project,esf-3,esf-1,w"]

    assert refusal(tmp_path, HEAD + "\n".join(lines)).message.count("goes round in a circle") == 3


def test_all_mistakes_are_named_at_once_and_no_cell_is_repeated(tmp_path: Path) -> None:
    lines = ["ignore,../kim-exempel.txt,,w", "region,Kim Exempel,SE0,w", "kim,Kim,Kim,", "municipality,Kim Exempel,1,w"]

    message = str(refusal(tmp_path, HEAD + "\n".join(lines)))

    assert "3 lines are wrong: line 2: " in message
    assert "; line 4: " in message
    assert "; line 5: " in message
    assert "kim" not in message.replace(str(tmp_path), "").casefold()


def test_a_file_that_is_not_utf_8_is_named_by_the_first_such_line(tmp_path: Path) -> None:
    assert refusal(tmp_path, HEAD.encode() + "region,Sydsvärje,SE22,w\n".encode("latin-1")).line == 2


@pytest.mark.parametrize("text", ["", "# only a word\n", "what,becomes,why\n", "kind,what,becomes,why,more\n"])
def test_without_its_first_line_it_is_no_overrides_file(tmp_path: Path, text: str) -> None:
    assert "the first line must name the columns kind, what, becomes, why" in refusal(tmp_path, text).message


def test_what_is_no_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(EsfEtlError, match="the overrides file is missing"):
        read_overrides(tmp_path / "none.csv")
    with pytest.raises(EsfEtlError, match="no regular file"):
        read_overrides(tmp_path)


def test_a_page_with_a_code_of_its_own_keeps_it() -> None:
    corrections = corrections_of([Override(2, "region", "Sydsverige", "SE33", "w")])
    exact = Project("colon-2021", "2021-2027", title="Alfa", region="Sydsverige", nuts2_code="SE12")

    assert corrections.correct(exact).project.nuts2_code == "SE12"


def test_an_id_given_by_path_goes_before_one_that_is_merged() -> None:
    page = Project("glued-2007", "2007-2013", title="Alfa")
    own = project_id(page)
    corrections = corrections_of(
        [Override(2, "same-project", own, "esf-1", "w"), Override(3, "other-project", "a.txt", "esf-2", "w")]
    )

    assert corrections.correct(page, "a.txt").project_id == "esf-2"
    assert corrections.correct(page, "b.txt").project_id == "esf-1"
    assert corrections.correct(page, "b.txt").own_id == own


def test_the_example_of_the_documentation_is_read_and_has_every_kind(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "overrides.md"
    example = page.read_text(encoding="utf-8").partition("```csv\n")[2].partition("```")[0]

    assert [each.kind for each in read(tmp_path, example)] == list(KINDS)
