"""The description of the API in OpenAPI 3.1, made from the URL table and the types it names."""

from __future__ import annotations

import re
from typing import Any

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
        "field": {
            "type": "string",
            "description": "the field that can't be used, with code invalid-field",
        },
        "finesse": {
            "type": "object",
            "description": "Finesse's own words, with code finesse-refused",
        },
        "sources": {
            "type": "object",
            "description": "how each source fared, with code source-unavailable",
        },
    },
}


def document() -> dict[str, Any]:
    types = [
        kind
        for endpoint in ENDPOINTS
        for kind in (endpoint.answer, endpoint.or_answer, endpoint.body)
        if kind is not None
    ]
    schemas, components = msgspec.json.schema_components(
        types, ref_template="#/components/schemas/{name}"
    )
    by_type = dict(zip(types, schemas, strict=True))
    paths: dict[str, Any] = {}
    for endpoint in ENDPOINTS:
        paths.setdefault(API + endpoint.path, {})[endpoint.method.lower()] = _operation(
            endpoint, by_type
        )
    whole = {
        "openapi": "3.1.0",
        "info": {
            "title": "Callcard",
            "version": __version__,
            "description": "Send the agent's own Finesse credential: Basic, or Bearer with their id in X-Finesse-User. "
            "A 202 means that Finesse took the order; the outcome comes as an event.",
        },
        "paths": paths,
        "security": [{"basic": []}, {"bearer": []}],
        "components": {
            "schemas": {**components, "Problem": PROBLEM},
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "bearer": {"type": "http", "scheme": "bearer"},
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
    plain: dict[str, Any] = msgspec.json.decode(
        msgspec.json.encode(whole)
    )  # as JSON has it: lists, no tuples
    return plain


def _operation(endpoint: Endpoint, schemas: dict[type, Any]) -> dict[str, Any]:
    names = re.findall(r"{(\w+)}", endpoint.path)
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in names
    ]
    parameters += [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": what,
            "schema": {"type": "string"},
        }
        for name, what in endpoint.query
    ]
    answer = schemas[endpoint.answer]
    if endpoint.or_answer:
        answer = {"anyOf": [answer, schemas[endpoint.or_answer]]}
    operation: dict[str, Any] = {
        "operationId": endpoint.handler.__name__,
        "summary": endpoint.summary,
        "responses": {
            str(endpoint.status): {
                "description": "Done" if endpoint.status != 202 else "Finesse took the order",
                "content": {"application/json": {"schema": answer}},
            },
            "default": {"$ref": "#/components/responses/Problem"},
        },
    }
    if parameters:
        operation["parameters"] = parameters
    if endpoint.body is not None:
        operation["requestBody"] = {
            "required": endpoint.body_needed,
            "content": {"application/json": {"schema": schemas[endpoint.body]}},
        }
    return operation
