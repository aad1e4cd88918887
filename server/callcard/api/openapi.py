"""The OpenAPI 3.1 document, generated from the table of endpoints and the types that it names."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, get_args, get_type_hints

import msgspec

from callcard import __version__, errors
from callcard.api.endpoint import Endpoint
from callcard.api.routes import API, ENDPOINTS

PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "enum": sorted({error.code for error in errors.all_errors()})},
        "detail": {"type": "string", "description": "what happened and what to do about it"},
        "field": {"type": "string", "description": "the invalid field, with code invalid-field"},
        "finesse": {
            "type": "object",
            "description": "with code finesse-refused: Finesse's type, message and data, and the "
            "platform's peripheral_code, peripheral_text and peripheral_message",
        },
        "sources": {
            "type": "object",
            "description": "the status of each source, with code source-unavailable",
        },
    },
}
DESCRIPTION = (
    "Send the agent's own Finesse credential: Basic, or Bearer with the agent's id in "
    "X-Finesse-User. "
    "A 202 means that Finesse accepted the command; the outcome follows as an event."
)


def document() -> dict[str, Any]:
    types = []
    for endpoint in ENDPOINTS:
        candidates = (endpoint.response, endpoint.alternative_response, endpoint.body)
        types += [kind for kind in candidates if kind is not None]
    schemas, components = msgspec.json.schema_components(
        types, ref_template="#/components/schemas/{name}"
    )
    by_type = dict(zip(types, schemas, strict=True))
    describe_fields(types, components)
    paths: dict[str, Any] = {}
    for endpoint in ENDPOINTS:
        operations = paths.setdefault(API + endpoint.path, {})
        operations[endpoint.method.lower()] = _operation(endpoint, by_type)
    complete = {
        "openapi": "3.1.0",
        "info": {"title": "Callcard", "version": __version__, "description": DESCRIPTION},
        "paths": paths,
        "security": [{"basic": []}, {"bearer": []}],
        "components": {
            "schemas": {**components, "Problem": PROBLEM},
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "bearer": {"type": "http", "scheme": "bearer"},
                "key": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-API-Key",
                    "description": "of a program; the scope that an endpoint needs is in `x-scope`",
                },
            },
            "responses": {
                "Problem": {
                    "description": "What went wrong, with a stable `code`",
                    "content": {
                        "application/problem+json": {
                            "schema": {"$ref": "#/components/schemas/Problem"}
                        }
                    },
                }
            },
        },
    }
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(complete))  # without tuples
    return plain


def describe_fields(types: Iterable[type], components: dict[str, Any]) -> None:
    """Add the docstrings of attributes as descriptions of the schemas' properties."""
    by_name = {kind.__name__: kind for kind in _all_types(types)}
    for name, schema in components.items():
        documented = _attribute_docstrings(by_name[name]) if name in by_name else {}
        for field, properties in schema.get("properties", {}).items():
            if field in documented:
                properties.setdefault("description", documented[field])


def _all_types(types: Iterable[Any]) -> Iterator[type]:
    """Yield the classes of `types` and those of their fields, at any depth."""
    waiting = list(types)
    known: set[Any] = set()
    while waiting:
        kind = waiting.pop()
        waiting += get_args(kind)
        if isinstance(kind, type) and kind not in known and hasattr(kind, "__annotations__"):
            known.add(kind)
            waiting += get_type_hints(kind).values()
            yield kind


def _attribute_docstrings(kind: type) -> dict[str, str]:
    """Return the strings that follow the attributes of a class in its source."""
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(body, ast.ClassDef)
    found = {}
    for attribute, following in pairwise(body.body):
        if (
            isinstance(attribute, ast.AnnAssign)
            and isinstance(attribute.target, ast.Name)
            and isinstance(following, ast.Expr)
            and isinstance(following.value, ast.Constant)
        ):
            found[attribute.target.id] = inspect.cleandoc(str(following.value.value))
    return found


def _operation(endpoint: Endpoint, schemas: dict[type, Any]) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", endpoint.path)
    ]
    parameters += [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": description,
            "schema": {"type": "string"},
        }
        for name, description in endpoint.query
    ]
    schema = schemas[endpoint.response]
    if endpoint.alternative_response:
        schema = {"anyOf": [schema, schemas[endpoint.alternative_response]]}
    success = {
        "description": "Finesse accepted the command" if endpoint.status == 202 else "Done",
        "content": _content(endpoint, schema),
    }
    operation: dict[str, Any] = {
        "operationId": endpoint.handler.__name__,
        "summary": endpoint.summary,
        "responses": {
            str(endpoint.status): success,
            "default": {"$ref": "#/components/responses/Problem"},
        },
    }
    if parameters:
        operation["parameters"] = parameters
    if endpoint.scope:
        operation["security"] = [{"basic": []}, {"bearer": []}, {"key": []}]
        operation["x-scope"] = endpoint.scope
    if endpoint.body is not None:
        operation["requestBody"] = {
            "required": endpoint.body_required,
            "content": _content(endpoint, schemas[endpoint.body]),
        }
    return operation


def _content(endpoint: Endpoint, schema: dict[str, Any]) -> dict[str, Any]:
    """Return the media types of a body. In XML the fields are the elements of its root."""
    content: dict[str, Any] = {"application/json": {"schema": schema}}
    if endpoint.xml_root:
        content["application/xml"] = {"schema": {**schema, "xml": {"name": endpoint.xml_root}}}
    return content
