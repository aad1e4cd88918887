"""Reading of stanzas within limits: whole documents, or the bytes of a stream.

A document type, a stanza that is too long or nested too deeply ends the connection with the
condition that RFC 6120 names for it.
"""

from __future__ import annotations

import re
from xml.parsers import expat

from lxml import etree

from finesse_sandbox.notifications.xmpp_namespaces import STREAM

STANZA_LIMIT_BYTES = 64 * 1024
STANZA_LIMIT_DEPTH = 32
MAX_LANGUAGE_CHARACTERS = 35
_XML = "http://www.w3.org/XML/1998/namespace"
_RESTRICTED = re.compile(r"<!(?!\[CDATA\[)|<\?(?!xml\s)")

_parser = etree.XMLParser(
    encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
)


class StreamError(Exception):
    """The stream cannot continue; `condition` is one of RFC 6120."""

    def __init__(self, condition: str) -> None:
        super().__init__(condition)
        self.condition = condition


def parse_stanza(text: str) -> etree._Element:
    """Return the root of one whole document. Raises StreamError."""
    data = text.encode()
    if len(data) > STANZA_LIMIT_BYTES:
        raise StreamError("policy-violation")
    if _RESTRICTED.search(text):
        raise StreamError("restricted-xml")
    try:
        return etree.fromstring(data, _parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise StreamError("not-well-formed") from error


class StanzaReader:
    """Splits the bytes of a stream into stanzas.

    Uses expat, because it reports a document type before it processes it.
    """

    def __init__(self) -> None:
        self.opened = False
        self.closed = False
        self.language = "en"
        """The client's, from the header of its stream."""
        self._stanzas: list[etree._Element] = []
        self._stanza_bytes = 0
        self._depth = 0
        self._builder = etree.TreeBuilder()
        self._parser = expat.ParserCreate("UTF-8", "\n")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._restricted
        self._parser.CommentHandler = self._restricted
        self._parser.ProcessingInstructionHandler = self._restricted

    def feed(self, data: bytes) -> list[etree._Element]:
        """Return the stanzas that `data` completes. Raises StreamError."""
        self._stanza_bytes += len(data)
        if self._stanza_bytes > STANZA_LIMIT_BYTES:
            raise StreamError("policy-violation")
        try:
            self._parser.Parse(data, False)
        except (expat.ExpatError, ValueError) as error:
            # ValueError: lxml rejects names that expat accepts.
            raise StreamError("not-well-formed") from error
        if self._depth == 1:
            self._stanza_bytes = 0
        stanzas = self._stanzas
        self._stanzas = []
        return stanzas

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > STANZA_LIMIT_DEPTH:
            raise StreamError("policy-violation")
        if self._depth == 1:
            if _clark(name) != f"{{{STREAM}}}stream":
                raise StreamError("invalid-namespace")
            self.opened = True
            language = attributes.get(f"{_XML}\nlang", "")
            if language.replace("-", "").isalnum():
                self.language = language[:MAX_LANGUAGE_CHARACTERS]
            return
        if self._depth == 2:
            self._builder = etree.TreeBuilder()
        self._builder.start(_clark(name), {_clark(key): value for key, value in attributes.items()})

    def _end(self, name: str) -> None:
        self._depth -= 1
        if self._depth == 0:
            self.closed = True
            return
        self._builder.end(_clark(name))
        if self._depth == 1:
            self._stanzas.append(self._builder.close())

    def _text(self, text: str) -> None:
        if self._depth > 1:
            self._builder.data(text)

    def _restricted(self, *_details: object) -> None:
        raise StreamError("restricted-xml")


def _clark(name: str) -> str:
    """Return expat's `namespace newline local` in Clark notation."""
    namespace, newline, local = name.partition("\n")
    return f"{{{namespace}}}{local}" if newline else name
