"""The demo's sample CRM: a page for each sample contact, so that "open record" opens something."""

from __future__ import annotations

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from callcard.crm.local import LocalContacts

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{{ contact.name or contact.company }} · Sample CRM</title>
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
<h2>Numbers</h2><table>{% for n in contact.numbers %}<tr><td>{{ n.label }}<td dir="ltr">{{ n.number }}{% endfor %}</table>
<h2>Open cases</h2><table>{% for c in contact.cases %}<tr><td>{{ c.id }}<td>{{ c.subject }}<td>{{ c.status }}{% endfor %}</table>
<h2>Interactions</h2>
<table>{% for i in contact.interactions %}<tr><td>{{ i.at }}<td>{{ i.kind }}<td>{{ i.subject }}<td>{{ i.agent }}
{% endfor %}</table></body></html>"""

_page = jinja2.Environment(autoescape=True).from_string(_PAGE)


def routes(store: LocalContacts) -> list[BaseRoute]:
    async def record(request: Request) -> Response:
        key = request.path_params["key"]
        contact = await store.by_key(f"id:{key}")
        if contact is None:
            return HTMLResponse(
                "<!DOCTYPE html><title>Sample CRM</title><p>There is no such record.", 404
            )
        return HTMLResponse(_page.render(contact=contact, key=key))

    return [Route("/crm/contacts/{key}", record)]
