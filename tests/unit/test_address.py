"""Where a landing lies: a folder, or a place in an object store."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from esf_etl.address import StoreUrl, is_url, read_address
from esf_etl.cli import main
from esf_etl.errors import UsageError


@pytest.mark.parametrize("text", ["landing", "/srv/pages", "s3/pages", "a:b", "./s3:"])
def test_a_folder_is_a_folder(text: str) -> None:
    assert read_address(text) == Path(text)
    assert not is_url(str(Path(text).absolute()))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("s3://pages", StoreUrl("s3", "pages")),
        ("s3://pages/", StoreUrl("s3", "pages")),
        ("gs://pages/saved/2026/", StoreUrl("gs", "pages", "saved/2026")),
        ("az://container/å ä", StoreUrl("az", "container", "å ä")),
        ("s3://pages/100%25", StoreUrl("s3", "pages", "100%25")),
    ],
)
def test_a_url_keeps_both_its_slashes_and_its_letters(text: str, address: StoreUrl) -> None:
    assert read_address(text) == address
    assert read_address(str(address)) == address
    assert copy.copy(address) == address
    assert address.absolute() is address


@pytest.mark.parametrize(
    "text",
    [
        "http://pages/saved",
        "s3:///saved",
        "s3://pages//saved",
        "s3://pages/../saved",
        "s3://pages/a\nb",
        "s3://pages/saved?versionId=1",
        "s3://user:word@pages/saved",  # pragma: allowlist secret
        "file:///srv/pages",
    ],
)
def test_what_is_no_place_is_refused_and_not_shown(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match="no place in an object store") as caught:
        read_address(text)
    assert text not in str(caught.value)

    with pytest.raises(SystemExit, match="2"):
        main(["ingest", "--landing", text])
    assert text not in capsys.readouterr().err


def test_names_go_below_a_prefix_and_below_none() -> None:
    assert StoreUrl("s3", "pages", "saved").key_of("a.txt") == "saved/a.txt"
    assert StoreUrl("s3", "pages").key_of("a.txt") == "a.txt"
    assert str(StoreUrl("s3", "pages", "saved").below("x")) == "s3://pages/saved/x"
