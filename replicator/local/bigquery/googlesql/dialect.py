"""The text of queries and expressions, as sqlglot's trees.

sqlglot reads many dialects and turns functions into its own notions of them. Here functions keep the names that were
written, and what is not GoogleSQL does not parse: the tables that drive sqlglot's parser are cut down to GoogleSQL's.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar, Final

from sqlglot import exp, parser
from sqlglot.dialects.bigquery import BigQuery
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.bigquery import BigQueryParser
from sqlglot.tokenizer_core import TokenType

from replicator.local.bigquery.errors import BigQueryError
from replicator.local.bigquery.googlesql.literals import decode
from replicator.local.bigquery.googlesql.punctuation import check_tokens
from replicator.local.bigquery.googlesql.refusals import TEXT, refused, unknown
from replicator.local.bigquery.googlesql.strictness import check_tree

COMMA: Final = "googlesql_comma"
CAST_CALL: Final = "googlesql_cast"
OFFSET: Final = "googlesql_offset"
PLUS: Final = "googlesql_plus"
POSITION: Final = "googlesql_position"
_KEPT_LENGTH: Final = 20_000
_MODIFIERS: Final = (
    TokenType.WHERE,
    TokenType.GROUP_BY,
    TokenType.HAVING,
    TokenType.QUALIFY,
    TokenType.WINDOW,
    TokenType.ORDER_BY,
    TokenType.LIMIT,
    TokenType.OFFSET,
)
_PREFIXES: Final = ("b", "B", "rb", "rB", "Rb", "RB", "br", "bR", "Br", "BR")
_SUBQUERIES: Final = {TokenType.EXISTS: exp.Exists}


def _string(call: Any, token: Any) -> exp.Expr:
    value = decode(call.sql[token.start : token.end + 1])
    kind = exp.ByteString(this=value) if isinstance(value, bytes) else exp.Literal(this=value, is_string=True)
    made: exp.Expr = call.expression(kind, token)
    return made


def _positional(call: Any) -> exp.Expr:
    node: exp.Expr = call.expression(exp.Placeholder())
    node.meta["start"] = call._prev.start  # noqa: SLF001 - how sqlglot's tables are made
    return node


def _plus(call: Any) -> exp.Expr:
    # sqlglot drops the sign, which only a number can have.
    node: exp.Expr = call.expression(exp.Paren(this=call._parse_unary()))  # noqa: SLF001 - how sqlglot's tables are made
    node.meta[PLUS] = True
    return node


def _cast(call: Any, kind: type[exp.Cast]) -> exp.Expr:
    node: exp.Expr = call._parse_cast(strict=kind is exp.Cast, safe=kind is exp.TryCast)  # noqa: SLF001 - how sqlglot's tables are made
    node.meta[CAST_CALL] = True
    return node


class GoogleSQL(BigQuery):
    """BigQuery's dialect with functions as they were written."""

    class Tokenizer(BigQuery.Tokenizer):
        """BigQuery's tokens, bytes in raw quotes included."""

        BYTE_STRINGS: ClassVar[list[Any]] = [
            (prefix + quote, quote) for quote in ("'", '"', '"""', "'''") for prefix in _PREFIXES
        ]

    class Parser(BigQueryParser):
        """BigQuery's grammar, less what only sqlglot accepts."""

        # Arrays after a comma are told from tables by what is in scope, not by their looks.
        SUPPORTS_IMPLICIT_UNNEST: ClassVar[bool] = False
        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            "ARRAY": BigQueryParser.FUNCTION_PARSERS["ARRAY"],
            "CAST": lambda self: _cast(self, exp.Cast),
            "SAFE_CAST": lambda self: _cast(self, exp.TryCast),
            "EXTRACT": BigQueryParser.FUNCTION_PARSERS["EXTRACT"],
        }
        NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            "CASE": parser.Parser.NO_PAREN_FUNCTION_PARSERS["CASE"],
        }
        NO_PAREN_FUNCTIONS: ClassVar[dict[Any, Any]] = {
            token: kind
            for token, kind in BigQueryParser.NO_PAREN_FUNCTIONS.items()
            if token
            in (
                TokenType.CURRENT_DATE,
                TokenType.CURRENT_DATETIME,
                TokenType.CURRENT_TIME,
                TokenType.CURRENT_TIMESTAMP,
            )
        }
        PRIMARY_PARSERS: ClassVar[dict[Any, Any]] = {
            **{
                token: parse
                for token, parse in BigQueryParser.PRIMARY_PARSERS.items()
                if token
                in (
                    TokenType.HEX_STRING,
                    TokenType.NUMBER,
                    TokenType.NULL,
                    TokenType.TRUE,
                    TokenType.FALSE,
                    TokenType.STAR,
                )
            },
            TokenType.STRING: _string,
            TokenType.RAW_STRING: _string,
            TokenType.BYTE_STRING: _string,
        }
        # Behind a dot every word is a name; elsewhere none that is reserved is, which is looked at afterwards.
        RESERVED_TOKENS: ClassVar[set[Any]] = BigQueryParser.RESERVED_TOKENS - {TokenType.SELECT}
        PLACEHOLDER_PARSERS: ClassVar[dict[Any, Any]] = {
            TokenType.PLACEHOLDER: _positional,
            TokenType.PARAMETER: BigQueryParser.PLACEHOLDER_PARSERS[TokenType.PARAMETER],
        }
        STRING_PARSERS: ClassVar[dict[Any, Any]] = {TokenType.STRING: _string, TokenType.RAW_STRING: _string}
        COLUMN_OPERATORS: ClassVar[dict[Any, Any]] = {TokenType.DOT: None}
        CAST_COLUMN_OPERATORS: ClassVar[set[Any]] = set()
        SUBQUERY_PREDICATES: ClassVar[dict[Any, Any]] = _SUBQUERIES
        FACTOR: ClassVar[dict[Any, Any]] = {TokenType.SLASH: exp.Div, TokenType.STAR: exp.Mul}
        LAMBDAS: ClassVar[dict[Any, Any]] = {TokenType.FARROW: parser.Parser.LAMBDAS[TokenType.FARROW]}
        ASSIGNMENT: ClassVar[dict[Any, Any]] = {}
        DISJUNCTION: ClassVar[dict[Any, Any]] = {TokenType.OR: exp.Or}
        RANGE_PARSERS: ClassVar[dict[Any, Any]] = {
            token: parse
            for token, parse in BigQueryParser.RANGE_PARSERS.items()
            if token in (TokenType.BETWEEN, TokenType.IN, TokenType.IS, TokenType.LIKE)
        }
        QUERY_MODIFIER_PARSERS: ClassVar[dict[Any, Any]] = {
            token: parse for token, parse in BigQueryParser.QUERY_MODIFIER_PARSERS.items() if token in _MODIFIERS
        }
        UNARY_PARSERS: ClassVar[dict[Any, Any]] = {**BigQueryParser.UNARY_PARSERS, TokenType.PLUS: _plus}
        TYPE_LITERAL_PARSERS: ClassVar[dict[Any, Any]] = {}
        QUERY_MODIFIER_TOKENS: ClassVar[set[Any]] = set(QUERY_MODIFIER_PARSERS)
        JOIN_METHODS: ClassVar[set[Any]] = set()
        JOIN_SIDES: ClassVar[set[Any]] = {TokenType.LEFT, TokenType.RIGHT, TokenType.FULL}
        JOIN_KINDS: ClassVar[set[Any]] = {TokenType.INNER, TokenType.OUTER, TokenType.CROSS}
        # BigQuery's own infers types for the sake of translation, which takes longer than all of the parsing.
        _parse_unnest = parser.Parser._parse_unnest  # noqa: SLF001 - how sqlglot's dialects are made

        def _parse_table_alias(self, alias_tokens: Any = None) -> exp.TableAlias | None:
            # An array may be named without UNNEST: FROM t, t.items AS i WITH OFFSET AS o
            alias = super()._parse_table_alias(alias_tokens=alias_tokens)
            if alias is not None and self._match_pair(TokenType.WITH, TokenType.OFFSET):
                self._match(TokenType.ALIAS)
                name = self._parse_id_var(any_token=False, tokens=self.UNNEST_OFFSET_ALIAS_TOKENS)
                alias.meta[OFFSET] = name or exp.to_identifier("offset")
            return alias

        def _parse_join(self, *args: Any, **kwargs: Any) -> exp.Join | None:
            comma = self._curr.token_type is TokenType.COMMA
            join = super()._parse_join(*args, **kwargs)
            if comma and join is not None:
                join.meta[COMMA] = True
            return join

        def _parse_pipe_syntax_query(self, query: exp.Query) -> exp.Query | None:
            # sqlglot's own rewriting of pipes is not exact: LIMIT 2 OFFSET 1 before AGGREGATE becomes LIMIT behind it.
            raise unknown(query, "pipe syntax")

        EXPRESSION_PARSERS: ClassVar[dict[Any, Any]] = {
            **BigQueryParser.EXPRESSION_PARSERS,
            exp.From: lambda self: self._parse_from(joins=True, skip_from_token=True),
        }


def parse_query(text: str) -> exp.Query:
    """Read one query.

    Raises:
        BigQueryError: invalidQuery, with the position, when the text is not a query of GoogleSQL.
    """
    tree = _parsed(text, None)
    if not isinstance(tree, exp.Query):
        raise refused(None, "Syntax error: Expected a query")
    return tree


def parse_expression(text: str) -> exp.Expr:
    """Read one expression.

    Raises:
        BigQueryError: invalidQuery, with the position, when the text is not an expression of GoogleSQL.
    """
    return _parsed(text, exp.Condition)


def parse_from(text: str) -> exp.From:
    """Read what stands behind FROM: tables, subqueries and joins; the joins hang on its first item.

    Raises:
        BigQueryError: invalidQuery, with the position, when the text is nothing of the kind.
    """
    tree = _parsed(text, exp.From)
    if not isinstance(tree, exp.From):
        raise refused(None, "Syntax error: Expected a FROM clause")
    return tree


def _parsed(text: str, into: type[exp.Expr] | None) -> exp.Expr:
    # Trees are only read, but for positional parameters, which are counted on them through a whole statement.
    return _read(text, into) if "?" in text or len(text) > _KEPT_LENGTH else _kept(text, into)  # type: ignore[arg-type]  # sqlglot's metaclass hides that classes are hashable


@lru_cache(maxsize=1_024)  # loops say the same texts again and again
def _kept(text: str, into: type[exp.Expr] | None) -> exp.Expr:
    return _read(text, into)


def _read(text: str, into: type[exp.Expr] | None) -> exp.Expr:
    try:
        dialect = GoogleSQL()
        tokens = dialect.tokenize(text)
        check_tokens(tokens, text)
        reader = dialect.parser()
        trees = reader.parse(tokens, text) if into is None else reader.parse_into(into, tokens, text)
    except ParseError as error:
        raise _syntax_error(error) from error
    except TokenError as error:
        raise refused(None, "Syntax error: Unclosed string literal or comment") from error
    except RecursionError as error:
        raise refused(
            None,
            "Resources exceeded during query execution: Not enough resources for query planning - too deeply nested",
        ) from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Expr):
        raise refused(None, "Syntax error: Expected one statement")
    trees[0].meta[TEXT] = text
    check_tree(trees[0])
    if "?" in text:
        _number_marks(trees[0])
    return trees[0]


def _syntax_error(error: ParseError) -> BigQueryError:
    first = error.errors[0] if error.errors else {}
    token = str(first.get("highlight") or "")
    line, column = first.get("line") or 1, first.get("col") or 1
    # sqlglot tells the column of a token's last character.
    begin = max(1, int(column) - len(token) + 1)
    what = f'Unexpected "{token}"' if token else str(first.get("description") or error)
    return refused(None, f"Syntax error: {what} at [{line}:{begin}]")


def _number_marks(tree: exp.Expr) -> None:
    marks = sorted(tree.find_all(exp.Placeholder), key=lambda mark: int(mark.meta["start"]))
    for index, mark in enumerate(marks):
        mark.meta[POSITION] = index
