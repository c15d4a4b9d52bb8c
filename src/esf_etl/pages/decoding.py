"""Bytes -> text: byte order mark, UTF-8, Windows-1252, Latin-1; mojibake; line ends; composed letters.

Nothing here moves a line: line numbers of the cleaned text are those of the file.
"""

from __future__ import annotations

import re
import unicodedata

from esf_etl.errors import NotAProjectPage
from esf_etl.pages.records import Diagnostic

__all__ = ["clean_lines", "decode", "is_surely_composed"]

_BOM = "\ufeff"

# Swedish letters, quotes and hard blanks whose UTF-8 was read as Windows-1252 or Latin-1, and saved as UTF-8 again.
# Their first letters are looked for before: that takes a fortieth of the time.
_MOJIBAKE = re.compile("Ã[\u0080-\u00bf…„–]|â€|Â\u00a0")

# Bytes that begin no character which NFC could change or reorder, or that begin none at all: ASCII, U+0080 to U+02FF,
# and of U+2000 to U+2FFF (E2) all but a few blocks. The rest may be composed, too.
_COMPOSED_LEADS = bytes(byte for byte in range(256) if byte < 0xCC or byte == 0xE2)
_NOT_COMPOSED_E2 = re.compile(rb"\xe2(?:\x80[\x80\x81]|[\x83\x84\x8c\xab\xb3\xb5\xb7])")


def decode(data: bytes) -> tuple[str, tuple[Diagnostic, ...]]:
    """The text of a file, and what was noticed about its encoding.

    UTF-8 is tried first (all that was seen in the wild), then Windows-1252, then Latin-1, which never fails.
    Raises `NotAProjectPage` (`empty`, `binary`) for a file that holds no text.
    """
    if not data.strip():
        msg = "the file is empty."
        raise NotAProjectPage(msg, code="empty", advice="Save the page again.")
    if b"\0" in data:
        msg = "the file holds binary data, no text."
        raise NotAProjectPage(
            msg,
            code="binary",
            line=data.count(b"\n", 0, data.index(b"\0")) + 1,
            advice="Save the page as plain UTF-8 text.",
        )
    try:
        return data.decode("utf-8"), ()
    except UnicodeDecodeError as problem:
        if problem.reason == "unexpected end of data":
            message = "The file ends in the middle of a letter: was it saved whole?"
            line = data.count(b"\n", 0, problem.start) + 1
            return data[: problem.start].decode("utf-8"), (Diagnostic("letter-cut", "warning", line, message),)
    try:
        text, name = data.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:
        text, name = data.decode("latin-1"), "Latin-1"
    return text, (Diagnostic("not-utf-8", "info", None, f"The file is not UTF-8; it was read as {name}."),)


def is_surely_composed(data: bytes) -> bool:
    """Whether UTF-8 bytes hold only characters that are composed (NFC) whatever stands beside them.

    Quicker by half than to look at the characters themselves. False says only that they must be looked at.
    """
    return not data.translate(None, _COMPOSED_LEADS) and _NOT_COMPOSED_E2.search(data) is None


def clean_lines(text: str, *, composed: bool = False) -> tuple[list[str], tuple[Diagnostic, ...]]:
    """The lines of a text without blanks at their ends, letters composed (NFC), and what was repaired.

    `composed` says that the letters are known to be. Lines end at LF, CRLF or CR and nowhere else: a form feed or
    U+2028 inside prose starts no line.
    """
    noticed: list[Diagnostic] = []
    if text.startswith(_BOM):
        text = text.removeprefix(_BOM)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if ("Ã" in text or "â" in text or "Â" in text) and _MOJIBAKE.search(text):
        text = _mend_mojibake(text, noticed)
        composed = False
    if not composed and not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
        noticed.append(Diagnostic("letters-composed", "info", None, "Decomposed letters were composed (NFC)."))
    return list(map(str.rstrip, text.split("\n"))), tuple(noticed)


def _mend_mojibake(text: str, noticed: list[Diagnostic]) -> str:
    """The text as it was before its UTF-8 was read as another encoding; needs ftfy, which is loaded only here."""
    try:
        from ftfy import fix_encoding
    except ModuleNotFoundError:
        message = "The text is garbled (mojibake); the package ftfy, which would mend it, is not installed."
        noticed.append(Diagnostic("mojibake", "warning", None, message))
        return text
    mended = "\n".join(map(fix_encoding, text.split("\n")))
    if mended != text:
        message = "The text was garbled (UTF-8 read as another encoding); it was mended."
        noticed.append(Diagnostic("mojibake-repaired", "info", None, message))
    return mended
