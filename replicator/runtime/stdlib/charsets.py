"""The character sets of ``text.decode`` and ``text.encode``, by the names that IANA gives them.

docs.cloud.google.com/workflows/docs/reference/stdlib/text/decode. Names are looked up here and nowhere else: Python
would import a module of any name that it is asked for.
"""

from __future__ import annotations

from typing import Final

from replicator.runtime.errors import Tag, error

CODECS: Final = {
    "utf-8": "utf-8", "utf8": "utf-8", "utf-16": "utf-16", "utf-16be": "utf-16-be", "utf-16le": "utf-16-le",
    "utf-32": "utf-32", "utf-32be": "utf-32-be", "utf-32le": "utf-32-le",
    "us-ascii": "ascii", "ascii": "ascii", "latin1": "iso8859-1",
    **{f"iso-8859-{part}": f"iso8859-{part}" for part in range(1, 17) if part != 12},
    **{f"windows-{page}": f"cp{page}" for page in range(1250, 1259)},
    "ibm850": "cp850", "ibm852": "cp852", "ibm866": "cp866", "koi8-r": "koi8-r", "koi8-u": "koi8-u",
    "macintosh": "mac-roman", "shift_jis": "shift_jis", "euc-jp": "euc_jp", "iso-2022-jp": "iso2022_jp",
    "euc-kr": "euc_kr", "big5": "big5", "gb2312": "gb2312", "gbk": "gbk", "gb18030": "gb18030",
}  # fmt: skip


def codec(function: str, charset: str) -> str:
    """Python's name of the character set; case does not matter.

    Raises:
        WorkflowError: ValueError: it is none that is known here.
    """
    name = CODECS.get(charset.lower())
    if name is None:
        raise error(Tag.VALUE, f"{function}: the charset {charset!r} is not supported; 'UTF-8' always is")
    return name
