r"""Normal forms of texts, and finding a text in another without regard to them and to case.

DuckDB composes letters as NFC does. Of the other forms it is made where a text holds nothing but letters of which
this is known; others are refused.
https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#normalize
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Final

from sqlglot import exp

from replicator.local.bigquery.googlesql.constants import constant_of
from replicator.local.bigquery.googlesql.functions.rules import arguments, as_type, mismatch, name_of, rule
from replicator.local.bigquery.googlesql.refusals import refused, unknown
from replicator.local.bigquery.googlesql.resolver import Resolver
from replicator.local.bigquery.googlesql.values import BOOL, STRING, Names, Origin, Value, bound, derived, quote

_DOUBT: Final = "error('the normal form of such letters is not modelled by the local cloud')"
_UNFOLDED: Final = quote(
    r"[\x{B5}\x{17F}\x{345}\x{3D0}-\x{3D6}\x{3F0}-\x{3F5}\x{587}\x{13A0}-\x{13FD}\x{1C80}-\x{1C88}\x{1E9A}-\x{1E9B}"
    r"\x{1F80}-\x{1FAF}\x{1FB2}-\x{1FFC}\x{AB70}-\x{ABBF}\x{FB00}-\x{FB17}]"
)
"""Letters that case folding makes others of than lower case does."""
_COMPATIBLE: Final = quote(
    r"[\x{A8}\x{AA}\x{AF}\x{B2}-\x{B5}\x{B8}-\x{BA}\x{BC}-\x{BE}\x{132}-\x{133}\x{13F}-\x{140}\x{149}\x{17F}"
    r"\x{1C4}-\x{1CC}\x{1F1}-\x{1F3}\x{2B0}-\x{2B8}\x{2D8}-\x{2E4}\x{37A}\x{384}-\x{385}\x{3D0}-\x{3D6}\x{3F0}-\x{3F9}"
    r"\x{587}\x{675}-\x{678}\x{E33}\x{EB3}\x{EDC}-\x{EDD}\x{F0C}\x{F77}-\x{F79}\x{10FC}\x{1D2C}-\x{1DBF}"
    r"\x{1E9A}-\x{1E9B}\x{1FBD}-\x{1FFE}\x{2000}-\x{200A}\x{2011}\x{2017}\x{2024}-\x{2025}\x{202F}-\x{2037}"
    r"\x{203C}-\x{203E}\x{2047}-\x{2049}\x{2057}\x{205F}\x{2070}-\x{209C}\x{20A8}\x{2100}-\x{2121}\x{2123}-\x{214F}"
    r"\x{2150}-\x{2189}\x{222C}-\x{2230}\x{2460}-\x{24EA}\x{2A0C}-\x{2A76}\x{2C7C}-\x{2C7D}\x{2D6F}\x{2E9F}-\x{2FD5}"
    r"\x{3036}-\x{303A}\x{309B}-\x{309F}\x{30FF}\x{3131}-\x{33FF}\x{A69C}-\x{A69D}\x{A770}\x{A7F2}-\x{A7F9}"
    r"\x{AB5C}-\x{AB69}\x{FB00}-\x{FDFC}\x{FE10}-\x{FE19}\x{FE30}-\x{FEFC}\x{FF5F}-\x{FFEE}\x{10781}-\x{107BA}"
    r"\x{1D400}-\x{1D7FF}\x{1EE00}-\x{1EEBB}\x{1F100}-\x{1F251}\x{1FBF0}-\x{1FBF9}]"
)
"""Letters that stand for others in the forms NFKC and NFKD, but for those that are replaced here."""
_WHOLE: Final = quote(r"[^\x{1}-\x{17F}\x{2010}-\x{2027}\x{4E00}-\x{9FFF}\x{1F300}-\x{1FAFF}]")
"""Letters of which it is not known here whether NFD takes them apart."""
_FORMS: Final = ("NFC", "NFD", "NFKC", "NFKD")
_WIDE: Final = quote("\u3000" + "".join(map(chr, range(0xFF01, 0xFF5F))))
_NARROW: Final = quote(" " + "".join(map(chr, range(0x21, 0x7F))))


def _unless(held: str, odd: str, sql: str) -> str:
    return f"(CASE WHEN strlen({held}) > length({held}) AND regexp_matches({held}, {odd}) THEN {_DOUBT} ELSE {sql} END)"


def _compatible(held: str) -> str:
    replaced = f"translate({held}, {_WIDE}, {_NARROW})"
    for sign, meant in (("\u00a0", " "), ("\u2026", "..."), ("\u2122", "TM")):
        replaced = f"replace({replaced}, {quote(sign)}, {quote(meant)})"
    plain = f"CASE WHEN strlen({held}) > length({held}) THEN nfc_normalize({replaced}) ELSE {held} END"
    return _unless(held, _COMPATIBLE, plain)


@cache
def _pairs() -> tuple[str, str, str]:
    """Letters up to U+017F that NFD takes apart, and what it makes of them: a letter, and a mark."""
    found = [(chr(code), unicodedata.normalize("NFD", chr(code))) for code in range(0xC0, 0x180)]
    whole, parts = zip(*(pair for pair in found if len(pair[1]) > 1), strict=True)
    return quote("".join(whole)), quote("".join(part[0] for part in parts)), quote("".join(part[1] for part in parts))


def _apart(held: str, names: Names) -> str:
    """NFD of what is in the form NFC."""
    whole, letters, marks = _pairs()
    name = names.fresh("v")
    mark = f"CASE WHEN contains({whole}, {name}) THEN translate({name}, {whole}, {marks}) ELSE '' END"
    parts = f"translate({name}, {whole}, {letters}) || {mark}"
    each = f"list_transform(regexp_extract_all({held}, '(?s).'), lambda {name}: {parts})"
    made = f"CASE WHEN strlen({held}) > length({held}) THEN array_to_string({each}, '') ELSE {held} END"
    return _unless(held, _WHOLE, made)


def _folded(held: str) -> str:
    made = f"lower(replace({held}, {_DOTTED}, {_DOTS}))"
    for letter, meant in (("\u00df", "ss"), ("\u03c2", "\u03c3"), ("\u0149", "\u02bcn")):
        made = f"replace({made}, {quote(letter)}, {quote(meant)})"
    plain = f"CASE WHEN strlen({held}) > length({held}) THEN nfc_normalize({made}) ELSE lower({held}) END"
    return _unless(held, _UNFOLDED, plain)


_DOTTED: Final = quote("\u0130")
_DOTS: Final = quote("i\u0307")


def _normalized(sql: str, form: str, names: Names, *, folds: bool) -> str:
    """The SQL of a text in one of the forms."""
    made = bound(sql, names, _compatible) if "K" in form else f"nfc_normalize({sql})"
    if folds:
        made = bound(made, names, _folded)
    return bound(made, names, lambda held: _apart(held, names)) if form.endswith("D") else made


@rule("NORMALIZE", "NORMALIZE_AND_CASEFOLD")
def _normalize(resolver: Resolver, node: exp.Expr) -> Value:
    if not 1 <= len(node.expressions) <= 2:
        raise mismatch(node, [])
    value = resolver.value(node.expressions[0])
    text = as_type(resolver, node, [value], 0, STRING)
    form = node.expressions[1].name.upper() if len(node.expressions) > 1 else "NFC"
    if form not in _FORMS:
        raise refused(node, f"A valid normalization mode is one of {', '.join(_FORMS)}, but is {form}")
    folds = name_of(node) == "NORMALIZE_AND_CASEFOLD"
    return derived(_normalized(text.sql, form, resolver.gathering.names, folds=folds), STRING, text)


@rule("CONTAINS_SUBSTR")
def _contains(resolver: Resolver, node: exp.Expr) -> Value:
    values = arguments(resolver, node, 2)
    if values[0].type != STRING and values[0].origin is not Origin.NULL:
        raise unknown(node, f"CONTAINS_SUBSTR of a value of type {values[0].type}")
    text, sought = (as_type(resolver, node, values, index, STRING) for index in (0, 1))
    if not sought.fixed:
        raise refused(node, "CONTAINS_SUBSTR requires that its second argument is constant")
    if constant_of(sought) is None:
        raise refused(node, "CONTAINS_SUBSTR requires that its second argument is not NULL")
    names = resolver.gathering.names
    both = [_normalized(value.sql, "NFKC", names, folds=True) for value in (text, sought)]
    return derived(f"contains({', '.join(both)})", BOOL, text, sought)
