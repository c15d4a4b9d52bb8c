"""What of a landing folder is a page file, and what is passed over, waited for or refused."""

from __future__ import annotations

import errno
import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from esf_etl.errors import LandingError
from esf_etl.landing import LandingFile, file_bytes, location_of, path_text, scan_landing

NOW_NS = 1_700_000_000 * 10**9
HOUR_NS = 3600 * 10**9


def lay(folder: Path, name: str, *, age_s: float = 3600.0) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"page")
    at = NOW_NS - int(age_s * 1e9)
    os.utime(path, ns=(at, at))
    return path


def scan(folder: Path, *, settle_s: float = 5.0) -> tuple[list[LandingFile], list[str]]:
    passed_over: list[str] = []
    files = list(scan_landing(folder, settle_s=settle_s, passed_over=passed_over, now_ns=NOW_NS))
    return sorted(files), passed_over


def listed(folder: Path, *, settle_s: float = 5.0) -> list[str]:
    return [file.path for file in scan(folder, settle_s=settle_s)[0]]


def test_page_files_are_found_at_any_depth_in_the_order_of_their_paths(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.txt", "a/b/c/d.txt", "A.TXT", "a.txt"):
        lay(tmp_path, name)
    assert listed(tmp_path) == ["A.TXT", "a.txt", "a/b/c/d.txt", "a/z.txt", "b.txt"]


@pytest.mark.parametrize(
    "name",
    [
        "page.html",
        "page.txt.gz",
        "txt",
        ".page.txt",
        ".hidden/page.txt",
        "~page.txt",
        "#page.txt",
        "page.part.txt",
        "page.tmp.txt",
        "page.TMP.TXT",
        "page.crdownload.txt",
        "page.txt.part",
        "page.txt.tmp",
        "page.txt~",
    ],
)
def test_hidden_partial_and_other_files_are_ignored(name: str, tmp_path: Path) -> None:
    lay(tmp_path, name)
    lay(tmp_path, "page.txt")
    files, passed_over = scan(tmp_path)
    assert [file.path for file in files] == ["page.txt"]
    assert passed_over == []


def test_a_file_is_described_as_stat_describes_it(tmp_path: Path) -> None:
    path = lay(tmp_path, "sub/a.txt")
    [[file], _] = scan(tmp_path)
    info = path.stat()
    assert (file.path, location_of(str(tmp_path), file.path)) == ("sub/a.txt", f"{tmp_path}/./sub/a.txt")
    assert (file.size_bytes, file.mtime_ns, file.ctime_ns) == (4, NOW_NS - HOUR_NS, info.st_ctime_ns)


@pytest.mark.parametrize(("age_s", "deferred"), [(0, True), (4.9, True), (5, False), (-4, True), (-3600, False)])
def test_a_file_that_has_not_settled_is_deferred_and_one_of_the_far_future_is_not(
    age_s: float, deferred: bool, tmp_path: Path
) -> None:
    lay(tmp_path, "a.txt", age_s=age_s)
    [[file], _] = scan(tmp_path)
    assert file.deferred == deferred


def test_with_no_settle_time_every_file_is_read_at_once(tmp_path: Path) -> None:
    lay(tmp_path, "a.txt", age_s=0)
    assert listed(tmp_path, settle_s=0.0) == ["a.txt"]


def test_links_and_pipes_are_named_and_not_followed(tmp_path: Path) -> None:
    lay(tmp_path, "landing/a.txt")
    outside = lay(tmp_path, "outside/b.txt")
    landing = tmp_path / "landing"
    (landing / "link.txt").symlink_to(outside)
    (landing / "nowhere.txt").symlink_to(tmp_path / "missing.txt")
    os.mkfifo(landing / "pipe.txt")
    files, passed_over = scan(landing)
    assert [file.path for file in files] == ["a.txt"]
    assert sorted(Path(path).name for path in passed_over) == ["link.txt", "nowhere.txt", "pipe.txt"]


def test_a_linked_folder_is_named_and_not_followed(tmp_path: Path) -> None:
    lay(tmp_path, "outside/b.txt")
    lay(tmp_path, "landing/a.txt")
    (tmp_path / "landing" / "2011").symlink_to(tmp_path / "outside", target_is_directory=True)
    files, passed_over = scan(tmp_path / "landing")
    assert [file.path for file in files] == ["a.txt"]
    assert [Path(path).name for path in passed_over] == ["2011"]


def test_the_landing_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    lay(tmp_path, "pages/a.txt")
    (tmp_path / "landing").symlink_to(tmp_path / "pages", target_is_directory=True)
    assert listed(tmp_path / "landing") == ["a.txt"]


def test_a_folder_may_be_named_like_a_page(tmp_path: Path) -> None:
    lay(tmp_path, "sub.txt/a.txt")
    assert listed(tmp_path) == ["sub.txt/a.txt"]


@pytest.mark.parametrize(("make", "words"), [(False, "does not exist"), (True, "is no folder")])
def test_a_landing_folder_that_is_none_is_refused_with_advice(make: bool, words: str, tmp_path: Path) -> None:
    root = tmp_path / "landing"
    if make:
        root.write_text("a file")
    with pytest.raises(LandingError, match=words) as caught:
        scan(root)
    assert caught.value.code == "landing-missing"
    assert caught.value.path == str(root)
    assert caught.value.advice is not None


def test_a_folder_that_cannot_be_listed_is_refused_rather_than_taken_for_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(tmp_path, "a.txt")
    lay(tmp_path, "closed/b.txt")
    really = os.open

    def refuse(path: str, *arguments: Any, **options: Any) -> int:
        if path == "closed":
            raise PermissionError(13, "Permission denied")
        return really(path, *arguments, **options)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(LandingError, match="Permission denied") as caught:
        scan(tmp_path)
    assert caught.value.code == "landing-unreadable"
    assert caught.value.path == str(tmp_path / "closed")


@pytest.mark.parametrize(
    ("number", "transient"),
    [(errno.ESTALE, True), (errno.EIO, True), (errno.ETIMEDOUT, True), (errno.EACCES, False), (errno.ENOSPC, False)],
)
def test_a_folder_whose_disk_is_away_may_be_there_again_in_a_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, transient: bool
) -> None:
    def refuse(path: str) -> object:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(LandingError, match=os.strerror(number)) as caught:
        scan(tmp_path)
    assert (caught.value.code, caught.value.transient) == ("landing-unreadable", transient)
    assert pickle.loads(pickle.dumps(caught.value)).transient is transient  # noqa: S301 - our own


def test_a_mount_that_is_stale_is_no_missing_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> bool:
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    monkeypatch.setattr(Path, "is_dir", refuse)
    with pytest.raises(LandingError) as caught:
        scan(tmp_path)
    assert (caught.value.code, caught.value.transient) == ("landing-unreadable", True)


def test_names_that_are_no_utf_8_are_written_in_hexadecimal(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/sk\xe5ne.txt"
    os.close(os.open(raw, os.O_CREAT | os.O_WRONLY))
    [[file], _] = scan(tmp_path)
    assert file.path == "sk\\xe5ne.txt"
    assert file_bytes(location_of(str(tmp_path), file.path), limit=10) == b""


@pytest.mark.parametrize("name", [b"a.txt", b"\\xe5.txt", b"\xe5\\.txt", b"\\\\x41.txt", "\u00e5\\\u00f6.txt".encode()])
def test_a_path_leads_back_to_its_file(name: bytes, tmp_path: Path) -> None:
    location = os.fsdecode(os.fsencode(tmp_path) + b"/" + name)
    path = path_text(os.path.relpath(location, tmp_path))

    path.encode()
    assert location_of(str(tmp_path), path) == location


def test_a_name_that_is_utf_8_stays_as_it_is() -> None:
    assert path_text("åäö/a b\n.txt") == "åäö/a b\n.txt"


@pytest.mark.parametrize("size", [0, 1, 64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 300_000])
def test_a_file_is_read_whole(size: int, tmp_path: Path) -> None:
    content = os.urandom(size)
    (tmp_path / "a.txt").write_bytes(content)
    assert file_bytes(str(tmp_path / "a.txt"), limit=1_000_000) == content


@pytest.mark.parametrize("limit", [70_000, 200_000])
def test_of_a_file_above_the_limit_one_byte_more_is_read(limit: int, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"x" * 300_000)
    assert len(file_bytes(str(tmp_path / "a.txt"), limit=limit)) == limit + 1


def test_a_link_that_took_the_place_of_a_file_is_not_read(tmp_path: Path) -> None:
    lay(tmp_path, "secret.txt")
    (tmp_path / "a.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(OSError, match="symbolic link"):
        file_bytes(str(tmp_path / "a.txt"), limit=10)


def test_a_pipe_that_took_the_place_of_a_file_does_not_hang_the_run(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.txt")
    assert file_bytes(str(tmp_path / "a.txt"), limit=10) == b""
