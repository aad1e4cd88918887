"""Templates of a configured source: `<< number.e164 >>` in addresses, queries and bodies.

The marks are not Jinja's own, because query languages of CRMs use braces. What a caller or an agent
wrote goes through a filter that escapes it for the query language; addresses are escaped here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode
from uuid import NAMESPACE_URL, uuid5

import jinja2
import msgspec
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

from callcard.errors import OperatorError

Render = Callable[[Mapping[str, Any]], Any]
_EXPRESSION = re.compile(r"<<((?:(?!<<|>>).)*)>>", re.DOTALL)
_JSON = "json:"
OMITTED = object()
"""The value `omitted`, which some vendors want in place of null."""
_SOSL_RESERVED = re.compile(r"""([&|!(){}\[\]^"~*?:\\'+-])""")


class Trusted(str):
    """A value of the configuration: it may be a part of an address, with its colons and slashes."""

    __slots__ = ()


def _encode(value: Any) -> str:
    return value if isinstance(value, Trusted) else quote(str(value), safe="")


def _environment(finalize: Callable[[Any], Any] | None = None) -> jinja2.Environment:
    environment = ImmutableSandboxedEnvironment(
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        comment_start_string="<#",
        comment_end_string="#>",
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        finalize=finalize,
    )
    environment.globals["omitted"] = OMITTED
    environment.filters.update(
        digits=lambda text: re.sub(r"\D", "", str(text)),
        # Jinja's own marks its result as HTML, and escapes for it.
        tojson=lambda value: msgspec.json.encode(value, enc_hook=str).decode(),
        uuid=lambda text: str(uuid5(NAMESPACE_URL, f"callcard:{text}")),
        # Vendor rules: OData 4.01 URL conventions 5.1.1.6.1; SOSL and SOQL "Reserved Characters".
        odata=lambda text: str(text).replace("'", "''"),
        sosl=lambda text: _SOSL_RESERVED.sub(r"\\\1", str(text)),
        soql=lambda text: re.sub(r"(['\\])", r"\\\1", str(text)),
        like=lambda text: re.sub(r"([%_\\])", r"\\\1", str(text)),
    )
    return environment


_texts = _environment()
_addresses = _environment(_encode)


def compile_text(where: str, source: str) -> Callable[[Mapping[str, Any]], str]:
    """Return a function that fills a text in. Raises OperatorError, naming `where`."""
    return _compile(_texts, where, source)


def compile_path(where: str, source: str) -> Callable[[Mapping[str, Any]], str]:
    """Return a function that fills an address in, each value percent-encoded."""
    return _compile(_addresses, where, source)


def compile_query(where: str, source: Mapping[str, str]) -> Callable[[Mapping[str, Any]], str]:
    """Return a function that makes the query of an address, with `+` as %2B and space as %20."""
    parts = {name: compile_text(f"{where}.{name}", text) for name, text in source.items()}

    def render(values: Mapping[str, Any]) -> str:
        filled = {name: part(values) for name, part in parts.items()}
        return urlencode(filled, quote_via=quote, safe="")

    return render


def compile_body(where: str, source: Any) -> Render:
    """Return a function that fills in the texts of a JSON value.

    A text that is one expression becomes its value: a number, a list, null; a member whose value is
    `omitted` is left out. A text that begins with `json:` becomes what its template writes: a list
    of any length.
    """
    if isinstance(source, Mapping):
        members = {name: compile_body(f"{where}.{name}", each) for name, each in source.items()}

        def render(values: Mapping[str, Any]) -> dict[str, Any]:
            filled = ((name, member(values)) for name, member in members.items())
            return {name: value for name, value in filled if value is not OMITTED}

        return render
    if isinstance(source, list):
        items = [compile_body(f"{where}[{index}]", each) for index, each in enumerate(source)]
        return lambda values: [item(values) for item in items]
    if not isinstance(source, str):
        return lambda values: source
    if source.startswith(_JSON):
        text = compile_text(where, source.removeprefix(_JSON))
        return lambda values: _evaluated(where, lambda: msgspec.json.decode(text(values)))
    expression = _EXPRESSION.fullmatch(source.strip())
    if expression is None:
        return compile_text(where, source)
    try:
        evaluate = _texts.compile_expression(expression[1], undefined_to_none=False)
    except jinja2.TemplateSyntaxError as error:
        raise OperatorError(f"{where}: {error.message}") from error
    return lambda values: _evaluated(where, lambda: evaluate(**values))


def uses(source: Any, name: str) -> bool:
    """Return whether a template in a text, or in the texts of a JSON value, names a value."""
    if isinstance(source, Mapping):
        return any(uses(each, name) for each in source.values())
    if isinstance(source, list | tuple):
        return any(uses(each, name) for each in source)
    return isinstance(source, str) and name in find_undeclared_variables(_texts.parse(source))


def _compile(
    environment: jinja2.Environment, where: str, source: str
) -> Callable[[Mapping[str, Any]], str]:
    try:
        template = environment.from_string(source)
    except jinja2.TemplateSyntaxError as error:
        raise OperatorError(f"{where}: {error.message}") from error

    def render(values: Mapping[str, Any]) -> str:
        text: str = _evaluated(where, lambda: template.render(values))
        return text

    return render


def _evaluated(where: str, evaluate: Callable[[], Any]) -> Any:
    try:
        value = evaluate()
    except Exception as error:  # whatever an expression may do with its values
        raise OperatorError(f"{where} can't be filled in: {error}") from error
    if isinstance(value, jinja2.Undefined):
        raise OperatorError(f"{where} names a value that there is not")
    return str(value) if isinstance(value, Trusted) else value
