"""The demo's sample CRM: a page for each sample contact, so that "Open record" opens one."""

from __future__ import annotations

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from callcard.crm.local import LocalContacts

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<title>{{ contact.name or contact.company }} · Sample CRM</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<style>
body { font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 44em; margin: 2em auto; padding: 0 1em; color: #223; }
small { color: #566; }
table { border-collapse: collapse; width: 100%; }
td { padding: .3em .8em .3em 0; border-top: 1px solid #dde; }
</style></head><body>
<small>Sample CRM · {{ key }}</small>
<h1><bdi>{{ contact.name or contact.company }}</bdi></h1>
<p><bdi>{{ contact.company }}</bdi> {{ contact.email }} {{ contact.flags | join(", ") }}</p>
<h2>Numbers</h2>
<table>{% for number in contact.numbers %}
<tr><td>{{ number.label }}<td dir="ltr">{{ number.number }}
{% endfor %}</table>
<h2>Open cases</h2>
<table>{% for case in contact.cases %}
<tr><td>{{ case.id }}<td>{{ case.subject }}<td>{{ case.status }}
{% endfor %}</table>
<h2>Interactions</h2>
<table>{% for entry in contact.interactions %}
<tr><td>{{ entry.started_at }}<td>{{ entry.kind }}<td>
{{- [entry.subject or entry.wrap_up_reasons | join(", "), entry.notes] | select | join(": ")
  or entry.outcome }}
<td>{{ entry.agent }}
{% endfor %}</table></body></html>"""

_NOT_FOUND = "<!DOCTYPE html><title>Sample CRM</title><p>There is no such record."

_template = jinja2.Environment(autoescape=True).from_string(_PAGE)


def routes(contacts: LocalContacts) -> list[BaseRoute]:
    """Return the routes of the sample CRM over the demo's contacts."""

    async def contact_page(request: Request) -> Response:
        key = request.path_params["key"]
        contact = await contacts.by_key(f"id:{key}")
        if contact is None:
            return HTMLResponse(_NOT_FOUND, 404)
        return HTMLResponse(_template.render(contact=contact, key=key))

    return [Route("/crm/contacts/{key}", contact_page)]
