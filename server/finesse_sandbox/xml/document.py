"""XML documents: read a request body; write a response, an error or an event."""

from __future__ import annotations

from lxml import etree
from lxml.builder import E

from finesse_sandbox.api_errors import ApiError, CtiError

API = "/finesse/api"

_parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


def serialize(element: etree._Element) -> bytes:
    return etree.tostring(element, encoding="UTF-8", xml_declaration=True, standalone=True)


def parse(body: bytes, root: str) -> etree._Element:
    """Return the document's root, which must be `root`. Raises ApiError 400 otherwise."""
    try:
        element = etree.fromstring(body, _parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        message = "The body is not well-formed XML"
        raise ApiError(400, "Bad Request", message, str(error)[:100]) from error
    if element.tag != root or element.getroottree().docinfo.doctype:
        raise ApiError(400, "Bad Request", f"The body must be a <{root}>", str(element.tag)[:40])
    return element


def child_texts(element: etree._Element) -> dict[str, str]:
    """Return the text of each child by its name."""
    return {
        child.tag: (child.text or "").strip() for child in element if isinstance(child.tag, str)
    }


def api_errors_element(error: ApiError) -> etree._Element:
    """Return the body of an HTTP error."""
    data = "".join(c for c in error.data if c.isprintable())  # it quotes the request
    return E.ApiErrors(
        E.ApiError(E.ErrorType(error.type), E.ErrorMessage(error.message), E.ErrorData(data))
    )


def event_errors_element(error: CtiError, media: str = "") -> etree._Element:
    """Return the data of an error event: the same names in lower camel."""
    details = E.apiError(
        E.errorData(error.data), E.errorMessage(error.message), E.errorType(error.type)
    )
    if media:
        details.append(E.errorMedia(media))
    if error.peripheral_code:
        details.append(E.peripheralErrorCode(error.peripheral_code))
        details.append(E.peripheralErrorMsg(error.peripheral_message))
        details.append(E.peripheralErrorText(error.peripheral_text))
    return E.apiErrors(details)


def update_xml(event: str, source: str, request_id: str, *data: etree._Element) -> str:
    """Return the payload of an event, as recorded: `data` first, empty elements with an end tag,
    users and errors in lines with blanks, calls in one line without."""
    element = E.Update(E.data(*data), E.event(event), E.requestId(request_id), E.source(source))
    if any(each.tag in ("user", "apiErrors") for each in data):
        etree.indent(element)
    for each in element.iter():
        if not len(each) and each.text is None:
            each.text = ""
    return etree.tostring(element, encoding="unicode")
