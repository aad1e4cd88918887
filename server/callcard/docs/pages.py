"""Generate settings.md and api.md from the code: `python -m callcard.docs.pages` writes both.

A test compares the files with what this module returns.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
from msgspec import Meta

from callcard.api import openapi
from callcard.api.routes import API, ENDPOINTS
from callcard.crm.registry import SOURCES, load_class
from callcard.errors import all_errors
from callcard.settings import describe
from callcard.settings_sections import QueueTarget, TokenIssuer

FOLDER = Path(__file__).parent
LINE_CHARACTERS = 100

_SETTINGS_INTRODUCTION = """\
# Settings

In `callcard.toml` (the current folder, or `--config FILE`), by section. The environment wins over
the file: `[finesse] url` is `CALLCARD_FINESSE_URL`; items of a list are separated by semicolons.
Numbers are seconds, bytes or counts as the name says. An unknown name ends the command with the
likely one.

A secret is never written into `callcard.toml`: set its variable, or give the path of a file with
`token_file = "/run/secrets/callcard-token"`, relative to the settings file. A file that every user
of the machine can read is refused, and so is `callcard.toml` by `callcard serve`: `chmod o= FILE`.

This page is generated: `python -m callcard.docs.pages`.
"""

_QUEUES_INTRODUCTION = """\
## `[[queues]]`

Queues to which agents transfer calls, offered before colleagues and phone books. Finesse does not
publish a queue's number, so each is listed here.
"""

_ISSUERS_INTRODUCTION = """\
## `[[token_issuers]]`

Identity providers whose tokens let programs in: [programs](programs.md).
"""

_SOURCES_INTRODUCTION = """\
## `[[sources]]`

Contact sources, each with its `kind` and the options of that kind. Without any, there is one
`local` source with its defaults. A call is logged to the source of its contact if that can log,
else to the first that can, unless `delivery.url` is set. A kind can also be a preset such as
`salesforce`, and every source can have `name`, `deadline_seconds`, `cache_seconds`,
`not_found_cache_seconds` and `concurrency`:
[contact sources](../crm/README.md) has the presets, examples, and how to add a kind.
"""

_API_INTRODUCTION = """\
# API

JSON under `/api/v1`, with the agent's own Finesse credential: `Authorization: Basic …`, or `Bearer
…` with the agent's id in `X-Finesse-User`. `X-Finesse-Node` names the node of the agent's desktop,
for example `finesse-a.example:8445`; requests without it go to the last node known to be in
service. The same as OpenAPI 3.1 is at `/openapi.json`, and `/docs` is a page to try it. Fields and
codes are stable: new ones are added, none is renamed.

Where the table has a scope, a [program](programs.md) may call the endpoint, too, with its API key
or token.

A `202` means that Finesse accepted a command, not that it took effect. With `wait=SECONDS` the
response has the `outcome`: `confirmed` when the effect was seen, `unknown` when nothing was seen in
time: check before sending it again. Call data is `confirmed` when the call shows it, `truncated`
with what the platform kept, or `unchanged` when it dropped the data silently. A refusal is an
error, `finesse-refused`; one that Finesse sends later is seen only with a session, or in the
desktop.

A desktop reports a call with `POST /interactions` whenever it changes, until the report is
acknowledged, and every 30 seconds in between. The response comes after the report is committed to
disk. With `report-pending`, send the report again after `Retry-After` seconds: another agent's
report is expected.

A session holds the agent's credential in memory, in one worker; the others pass on to it what is
for the session (if that worker is just starting: 503 `home-unavailable`, for at most some seconds).
When a worker ends, so do its sessions: open them again.

`GET /events` is a stream of what happens, or a long poll: [events](events.md). Outside the API
there are `/curri` and `/routing/v1/decision` for call managers and scripts ([number
lists](number-lists.md)), `/healthz` (alive), `/readyz` (Finesse in service, contacts and calls
readable; 503 otherwise) and `/gadget/…` (the bundle, for sites that host gadgets outside Finesse).

This page is generated: `python -m callcard.docs.pages`.
"""


def settings_page() -> str:
    lines = [_SETTINGS_INTRODUCTION]
    section = ""
    for info in describe():
        if info.section != section:
            section = info.section
            lines += [f"\n## `[{section}]`\n", "| name | default | |", "| --- | --- | --- |"]
        default = _default(info.default)
        name = f"`{info.key}`" + (f", `{info.key}_file`" if info.secret else "")
        lines.append(f"| {name} | {default} | {info.description} |")
    lines += ["\n" + _QUEUES_INTRODUCTION, *_options_table(QueueTarget)]
    lines += ["\n" + _ISSUERS_INTRODUCTION, *_options_table(TokenIssuer)]
    lines.append("\n" + _SOURCES_INTRODUCTION)
    for kind in SOURCES:
        if "by_number" not in load_class(kind).capabilities:
            continue
        lines += [f'### `kind = "{kind}"`\n', *_options_table(load_class(kind).Options), ""]
    return "\n".join(lines).rstrip() + "\n"


def _options_table(options: type[msgspec.Struct]) -> list[str]:
    """Return the lines of a table with each field's default and description."""
    lines = ["| option | default | |", "| --- | --- | --- |"]
    hints = get_type_hints(options, include_extras=True)
    for field in msgspec.structs.fields(options):
        metas = [meta for meta in get_args(hints[field.name]) if isinstance(meta, Meta)]
        description = next((meta.description for meta in metas if meta.description), "")
        lines.append(f"| `{field.name}` | {_default(field.default)} | {description} |")
    return lines


def _default(value: object) -> str:
    if value is msgspec.NODEFAULT or value in ("", (), None, {}):
        return ""
    return f"`{value}`" if isinstance(value, str | int | float | tuple) else ""


def api_page() -> str:
    document = openapi.document()
    lines = [
        _API_INTRODUCTION,
        "\n## Endpoints\n",
        "| endpoint | what it does | body | response | scope |",
    ]
    lines.append("| --- | --- | --- | --- | --- |")
    for endpoint in ENDPOINTS:
        operation = document["paths"][API + endpoint.path][endpoint.method.lower()]
        parameters = "".join(
            f" `{each['name']}=`: {each['description']}."
            for each in operation.get("parameters", [])
            if each["in"] == "query"
        )
        body = ""
        if "requestBody" in operation:
            body = _type(operation["requestBody"]["content"]["application/json"]["schema"])
        success = operation["responses"][str(endpoint.status)]
        response = _type(success["content"]["application/json"]["schema"])
        lines.append(
            f"| `{endpoint.method} {endpoint.path}` | {endpoint.summary}.{parameters} "
            f"| {body} | {endpoint.status} {response} | {endpoint.scope} |"
        )
    lines += ["\n## Errors\n"]
    lines.append(
        "Every error is `application/problem+json` (RFC 9457) with a `code` and a `detail`.\n"
    )
    lines += ["| status | code | meaning |", "| --- | --- | --- |"]
    for error in sorted(_errors(), key=lambda error: (error.status, error.code)):
        lines.append(f"| {error.status} | `{error.code}` | {error.title} |")
    lines += ["\n## Types\n"]
    for name, schema in sorted(document["components"]["schemas"].items()):
        lines += [f"### {name}\n"]
        if description := schema.get("description"):
            lines.append(textwrap.fill(_one_line(description), LINE_CHARACTERS) + "\n")
        lines += ["| field | type | meaning |", "| --- | --- | --- |"]
        for field, of in schema.get("properties", {}).items():
            lines.append(f"| `{field}` | {_type(of)} | {_description(of)} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _errors() -> list[Any]:
    """Return one class for each code."""
    return list({error.code: error for error in all_errors()}.values())


def _type(schema: dict[str, Any]) -> str:
    """Return a short description of a JSON schema's type, with links to the types of this page."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"] if value != "")
    match schema.get("type"):
        case "array":
            return f"list of {_type(schema.get('items') or schema.get('prefixItems', [{}])[0])}"
        case "object" if "additionalProperties" in schema:
            return f"object of {_type(schema['additionalProperties'])}"
        case str(kind):
            return kind
        case _:
            return "any"


def _description(schema: dict[str, Any]) -> str:
    """Return a field's description, which an optional field has beside its type."""
    described = [schema, *schema.get("anyOf", [])]
    return next((_one_line(each["description"]) for each in described if "description" in each), "")


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def main() -> None:
    (FOLDER / "settings.md").write_text(settings_page(), "utf-8")
    (FOLDER / "api.md").write_text(api_page(), "utf-8")


if __name__ == "__main__":
    main()
