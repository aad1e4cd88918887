"""Errors of Callcard by cause, with status and code.

    CallcardError
    ├── RequestError                      the client's fault
    │   ├── MalformedRequest           400 malformed-request     not JSON or UTF-8, bad query
    │   ├── CredentialsMissing         401 credentials-missing   no Basic or Bearer Authorization
    │   ├── CredentialsRejected        401 credentials-rejected  Finesse does not accept them
    │   ├── NotPermitted               403 not-permitted         another agent's call or state
    │   ├── NotFound                   404 not-found
    │   ├── MethodNotAllowed           405 method-not-allowed
    │   ├── NotSignedIn                409 not-signed-in         the agent has no extension
    │   ├── Conflict                   409 conflict              something else comes first
    │   ├── OnACall                    409 on-a-call             nobody is signed out during a call
    │   ├── InteractionClosed          409 interaction-closed    the time for its notes is over
    │   ├── ContactChosen              409 contact-chosen        by an agent who is on the call
    │   ├── DoNotCall                  409 do-not-call           the number is on that list
    │   ├── AlreadyListed              409 already-listed        by somebody else, on a number list
    │   ├── TooLarge                   413 too-large
    │   ├── UnsupportedMediaType       415 unsupported-media-type  not JSON
    │   ├── InvalidField               422 invalid-field         `field` names the invalid value
    │   └── HeaderTooLarge             431 header-too-large
    ├── FinesseError                      Finesse's fault
    │   ├── FinesseRefused             409 finesse-refused       its reason is in `finesse`
    │   ├── FinesseInvalidResponse     502 finesse-invalid-response  not what its API promises
    │   ├── FinesseUnreachable         502 finesse-unreachable   no connection
    │   ├── FinesseOutOfService        503 finesse-out-of-service
    │   └── FinesseTimeout             504 finesse-timeout       no response within the deadline
    ├── EventsLost                     410 events-lost           read everything anew, then go on
    ├── RateLimited                    429 rate-limited          too many requests with one API key
    ├── ReportPending                  409 report-pending        report again: another is expected
    ├── SourceUnavailable              503 source-unavailable    a contact source does not respond
    ├── SourceRejected                  502 source-rejected        a source rejects this for good
    ├── Unsupported                    409 unsupported           a source lacks this operation
    ├── TooManyConnections             503 too-many-connections  of one client, or of all
    ├── StoreUnavailable               503 store-unavailable     Callcard's own database
    ├── HomeUnavailable                503 home-unavailable      the worker with the agent's session
    ├── IssuerUnavailable              503 issuer-unavailable    its keys for tokens can't be read
    └── InternalError                  500 internal-error        a defect in Callcard

`code` is part of the public interface: add new ones, never rename one. Each class carries the
status of its response, so that no route maps errors. The response is a problem document (RFC 9457).
"""

from __future__ import annotations

from typing import Any, ClassVar


class OperatorError(Exception):
    """An error that the person at the command line can fix; the message says what and how."""


class SettingsError(OperatorError):
    """A setting is unusable; the message names it and says what is accepted."""


class CallcardError(Exception):
    """`detail` says what happened and what to do about it."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Internal error in Callcard"

    def __init__(self, detail: str = "", **extra: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.extra = extra
        self.headers: dict[str, str] = {}

    def problem(self) -> dict[str, Any]:
        """Return the problem document of RFC 9457, with extra members such as `field`."""
        document = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "code": self.code,
        }
        if self.detail:
            document["detail"] = self.detail
        return document | {key: value for key, value in self.extra.items() if value is not None}


class InternalError(CallcardError):
    pass


class RequestError(CallcardError):
    status, code, title = 400, "malformed-request", "The request is malformed"


class MalformedRequest(RequestError):
    pass


class CredentialsMissing(RequestError):
    status, code, title = 401, "credentials-missing", "Send the agent's Finesse credentials"

    def __init__(self, detail: str = "", **extra: Any) -> None:
        super().__init__(detail, **extra)
        # No Basic challenge: a browser would ask for the password, keep it, and send it with
        # requests of other sites.
        self.headers = {"WWW-Authenticate": 'Bearer realm="Finesse"'}


class CredentialsRejected(CredentialsMissing):
    """Finesse answered 401. `is_certain` if it did so to a read of the user, which means nothing
    else; a command may also have come at the wrong moment."""

    code, title = "credentials-rejected", "Finesse rejected these credentials"
    is_certain = False


class NotPermitted(RequestError):
    status, code, title = 403, "not-permitted", "Finesse does not permit this to the agent"


class NotFound(RequestError):
    status, code, title = 404, "not-found", "Not found"


class MethodNotAllowed(RequestError):
    status, code, title = 405, "method-not-allowed", "Method not allowed"


class NotSignedIn(RequestError):
    status, code, title = 409, "not-signed-in", "The agent is not signed in on an extension"


class Conflict(RequestError):
    status, code, title = 409, "conflict", "Not possible at the moment"


class OnACall(RequestError):
    status, code, title = 409, "on-a-call", "The agent is on a call"


class InteractionClosed(RequestError):
    status, code, title = 409, "interaction-closed", "The interaction is closed"


class ContactChosen(RequestError):
    status, code, title = 409, "contact-chosen", "A colleague on the call has chosen its contact"


class DoNotCall(RequestError):
    status, code, title = 409, "do-not-call", "This number must not be called"


class AlreadyListed(RequestError):
    status, code, title = 409, "already-listed", "The number is on the list already"


class TooLarge(RequestError):
    status, code, title = 413, "too-large", "The request is too large"


class UnsupportedMediaType(RequestError):
    status, code, title = 415, "unsupported-media-type", "The body must be JSON"


class InvalidField(RequestError):
    status, code, title = 422, "invalid-field", "A value is invalid"

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail, field=field)


class HeaderTooLarge(RequestError):
    status, code, title = 431, "header-too-large", "A header is too large"


class FinesseError(CallcardError):
    status, code, title = 502, "finesse-invalid-response", "Finesse sent an invalid response"


class FinesseInvalidResponse(FinesseError):
    pass


class FinesseRefused(FinesseError):
    """Finesse understood the command and refused it; `finesse` holds its type, message and data,
    and if there are some the platform's own code, sentence and name (`peripheral_…`)."""

    status, code, title = 409, "finesse-refused", "Finesse refused the command"

    def __init__(
        self,
        detail: str,
        *,
        type: str,
        message: str,
        data: str,
        peripheral_code: str = "",
        peripheral_text: str = "",
        peripheral_message: str = "",
    ) -> None:
        peripheral = {
            "peripheral_code": peripheral_code,
            "peripheral_text": peripheral_text,
            "peripheral_message": peripheral_message,
        }
        given = {name: value for name, value in peripheral.items() if value}
        super().__init__(detail, finesse={"type": type, "message": message, "data": data, **given})


class FinesseUnreachable(FinesseError):
    status, code, title = 502, "finesse-unreachable", "Finesse is unreachable"


class FinesseOutOfService(FinesseError):
    status, code, title = 503, "finesse-out-of-service", "Finesse is out of service"


class FinesseTimeout(FinesseError):
    status, code, title = 504, "finesse-timeout", "Finesse did not respond in time"


class EventsLost(CallcardError):
    status, code, title = 410, "events-lost", "Events are missing"


class RateLimited(CallcardError):
    status, code, title = 429, "rate-limited", "Too many requests"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.headers = {"Retry-After": "1"}


class ReportPending(CallcardError):
    """The report cannot be recorded yet; report again after `Retry-After` seconds."""

    status, code, title = 409, "report-pending", "The report cannot be recorded yet"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.headers = {"Retry-After": "2"}


class SourceUnavailable(CallcardError):
    """A contact source failed; try again, after `retry_after` seconds if it gave them."""

    status, code, title = 503, "source-unavailable", "A contact source is unavailable"

    def __init__(self, detail: str = "", *, retry_after: float | None = None, **extra: Any) -> None:
        super().__init__(detail, **extra)
        self.retry_after = retry_after


class SourceRejected(CallcardError):
    """The source rejects this for good: sending it again gives the same result."""

    status, code, title = 502, "source-rejected", "The CRM rejected the request"


class Unsupported(CallcardError):
    """The contact source does not offer `operation`; ask its `capabilities` first."""

    status, code, title = 409, "unsupported", "The contact source does not support this"

    def __init__(self, operation: str, source: str) -> None:
        super().__init__(
            f"The contact source {source} does not support {operation}",
            operation=operation,
            source=source,
        )


class TooManyConnections(CallcardError):
    status, code, title = 503, "too-many-connections", "Too many connections"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.headers = {"Retry-After": "1"}


class StoreUnavailable(CallcardError):
    status, code, title = 503, "store-unavailable", "Callcard's database is unavailable"


class IssuerUnavailable(CallcardError):
    """The keys of an issuer of tokens cannot be read."""

    status, code, title = 503, "issuer-unavailable", "The identity provider is unavailable"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.headers = {"Retry-After": "30"}


class HomeUnavailable(CallcardError):
    """The worker that holds the agent's session cannot be reached."""

    status, code, title = 503, "home-unavailable", "The agent's session is being restarted"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.headers = {"Retry-After": "1"}


def all_errors(root: type[CallcardError] = CallcardError) -> list[type[CallcardError]]:
    """Return every class of the tree, the root first, for documentation and its test."""
    return [root, *(leaf for branch in root.__subclasses__() for leaf in all_errors(branch))]
