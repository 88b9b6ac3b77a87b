"""Encodings of text: a file is transcoded to UTF-8 while it is received, so that nothing behind sees another one.

An encoding is declared, never guessed: a file without a declaration that is not UTF-8 is refused, with the likeliest
encoding named. What cannot be decoded becomes a byte that is not UTF-8, so that its row alone is rejected.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator

from penstock.domain.errors import Refused, refusal
from penstock.domain.files.likely_encodings import NAMES, likeliest_encoding

UTF_8 = "utf-8"
ENCODINGS = (
    UTF_8, "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be",
    "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258",
    "iso-8859-1", "iso-8859-2", "iso-8859-5", "iso-8859-7", "iso-8859-9", "iso-8859-15",
    "cp437", "cp850", "cp874", "koi8-r", "mac-roman", "cp932", "euc-jp", "gb18030", "cp950", "cp949",
)  # fmt: skip

_HEAD_ROWS = 100  # of these, one that is not UTF-8 shows another encoding
_ROWS = 3  # that are not UTF-8 show another encoding, however many rows there are
_BYTE_ORDER_MARKS = {
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_SAMPLE = 256  # bytes
_BYTES = ("cp1", "cp4", "cp8", "iso", "koi8", "mac")  # encodings with one byte per character begin with these
_INVALID = "\udcff"  # encoded with `surrogateescape`, a byte that is in no UTF-8
_HANDLER = "penstock.invalid"
_BEYOND_ASCII = frozenset(range(0x80, 0x100))
_STRAY = frozenset(b"\xff\x81\x8d\x8f\x90\x9d")
# That Python does not know.
_OTHER_NAMES = {
    "windows-874": "cp874", "windows-31j": "cp932", "x-sjis": "cp932", "x-euc-jp": "euc-jp",
    "x-gbk": "gb18030", "windows-949": "cp949",
}  # fmt: skip
# What Python knows as a smaller encoding than programs write under its name, as in the WHATWG Encoding Standard.
_SUPERSETS = {
    "tis-620": "cp874", "shift_jis": "cp932", "gb2312": "gb18030", "gbk": "gb18030", "big5": "cp950", "euc_kr": "cp949",
}  # fmt: skip

codecs.register_error(_HANDLER, lambda error: (_INVALID, getattr(error, "end")))  # noqa: B009


def checked_encoding(name: str) -> str:
    """The name in `ENCODINGS` of an encoding, which may be written otherwise. Raises `Refused` (unknown_encoding)."""
    try:
        known = {codecs.lookup(each).name: each for each in ENCODINGS}
        found = codecs.lookup(_OTHER_NAMES.get(name.lower(), name)).name
        return known[codecs.lookup(_SUPERSETS.get(found, found)).name]
    except (LookupError, ValueError):
        hint = f"Use one of {', '.join(ENCODINGS)}."
        raise refusal("unknown_encoding", "the declared encoding is not supported", hint) from None


def to_utf8(parts: Iterable[bytes], encoding: str | None) -> Iterator[bytes]:
    """The file in UTF-8, given its plain bytes in parts of any size. `encoding` is None if none is declared.

    Raises `Refused`: unknown_encoding, or `wrong_encoding` when the file is UTF-8 and not what is declared.
    """
    checked = UTF_8 if encoding is None else checked_encoding(encoding)
    return iter(parts) if checked == UTF_8 else _transcoded(parts, checked)


def detect_encoding(head: bytes, *, complete: bool) -> str | None:
    """The likeliest encoding of a file, by its plain first bytes `head`; None if they do not show that it is not UTF-8.

    A few stray bytes do not: only their rows are rejected. Among the rows of the head, at least 3 or one in a hundred
    must have bytes that are no UTF-8 and are letters in another encoding, and more must have such bytes than have
    characters of UTF-8 beyond ASCII.
    """
    return _unicode_encoding(head) or _eight_bit_encoding(head, complete)


def shows_unicode(head: bytes, assumed: str) -> bool:
    """Whether the plain bytes `head` show UTF-8, or another Unicode encoding than the `assumed` one."""
    if head.startswith(codecs.BOM_UTF8):
        return True
    found = _unicode_encoding(head)
    if found is not None:
        return not (assumed.startswith(found) or found.startswith(assumed))
    beyond_ascii = [line for line in head.split(b"\n") if not line.isascii()]
    return 2 * sum(map(_is_utf8, beyond_ascii)) > len(beyond_ascii)


def _transcoded(parts: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)(_HANDLER)
    first = True
    for part in parts:
        if first and (part.startswith(codecs.BOM_UTF8) or (encoding.startswith(_BYTES) and _shows_utf8(part))):
            raise _wrong_encoding()
        first = first and not part
        try:
            text = decoder.decode(part)
        except UnicodeError:  # the only one that the handler does not get
            raise _no_byte_order_mark(encoding) from None
        yield text.encode(errors="surrogateescape")
    yield decoder.decode(b"", final=True).encode(errors="surrogateescape")


def _shows_utf8(part: bytes) -> bool:
    """Whether a file begins with characters of UTF-8 beyond ASCII, as downloaded rejects may. Text of another encoding
    is almost never UTF-8 too."""
    try:
        return not codecs.getincrementaldecoder(UTF_8)().decode(part).isascii()
    except UnicodeDecodeError:
        return False


def _unicode_encoding(head: bytes) -> str | None:
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if head.startswith(mark):
            return encoding
    sample = head[:_SAMPLE]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if (even + odd) * 5 <= len(sample) * 2:  # half the bytes of Western text in UTF-16 are NUL
        return None
    if min(even, odd) * 5 > len(sample):
        return "utf-32-be" if sample[::4].count(0) > sample[3::4].count(0) else "utf-32-le"
    return "utf-16-be" if even > odd else "utf-16-le"


def _eight_bit_encoding(head: bytes, complete: bool) -> str | None:
    try:
        head.decode()
    except UnicodeDecodeError as error:
        if not complete and error.reason == "unexpected end of data":
            return None
    else:
        return None
    lines = head.split(b"\n")
    beyond_ascii = [line for line in lines if not line.isascii()]
    broken = [line for line in beyond_ascii if not _is_utf8(line) and _reads_as_text(line)]
    if 2 * len(broken) <= len(beyond_ascii) or len(broken) < min(_ROWS, -(-len(lines) // _HEAD_ROWS)):
        return None
    return likeliest_encoding(broken)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _reads_as_text(line: bytes) -> bool:
    """Whether its bytes beyond ASCII are more than ÿ, which stray bytes become, and than control characters."""
    return not set(line) & _BEYOND_ASCII <= _STRAY


def not_utf8(encoding: str) -> Refused:
    named = f"{encoding} ({NAMES[encoding]})" if encoding in NAMES else encoding
    return refusal(
        "not_utf8",
        f"the file is not UTF-8; it reads as {named}, and its header was checked as such",
        f"If it is, add --encoding {encoding} (over HTTP: encoding). Otherwise declare the encoding in which it was "
        "saved, or save it as UTF-8.",
    )


def _no_byte_order_mark(encoding: str) -> Refused:
    return refusal(
        "wrong_encoding",
        f"the file does not begin with the byte-order mark of {encoding}",
        f"Declare {encoding}-le or {encoding}-be, whichever it is, or the encoding in which the file was saved.",
    )


def _wrong_encoding() -> Refused:
    return refusal(
        "wrong_encoding",
        "the file is UTF-8, but another encoding is declared",
        "Do not declare an encoding, or declare utf-8.",
    )
