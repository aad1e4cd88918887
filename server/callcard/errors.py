"""Everything that can go wrong, by whose fault it is.

    CallcardError
    ├── AskerError                      the request's fault
    │   ├── Unreadable              400 unreadable           not JSON, not UTF-8, no such parameter
    │   ├── CredentialsMissing      401 credentials-missing  no Authorization, or not Basic or Bearer
    │   ├── CredentialsWrong        401 credentials-wrong    Finesse said no to them
    │   ├── NotYours                403 not-yours            another agent's call or state
    │   ├── NotFound                404 not-found
    │   ├── MethodNotAllowed        405 method-not-allowed
    │   ├── NotSignedIn             409 not-signed-in        the agent has no extension to act on
    │   ├── InteractionClosed       409 interaction-closed   its time for notes is over
    │   ├── DoNotCall               409 do-not-call          the number is on that list
    │   ├── TooLarge                413 too-large
    │   ├── InvalidField            422 invalid-field        read, but a value can't be meant; `field` names it
    │   └── HeaderTooLarge          431 header-too-large
    ├── FinesseError                    Finesse's
    │   ├── FinesseRefused          409 finesse-refused      understood and declined; its own words in `finesse`
    │   ├── FinesseGarbled          502 finesse-garbled      an answer that is not what the API promises
    │   ├── FinesseUnreachable      502 finesse-unreachable  no connection
    │   ├── FinesseOutOfService     503 finesse-out-of-service
    │   └── FinesseSlow             504 finesse-slow         no answer within the deadline
    ├── NotToldYet                  425 not-told-yet         of a consult, who else had it has not told of it; tell it again
    ├── SourceUnavailable           503 source-unavailable   a contact source's
    ├── SourceRefused               502 source-refused       it will not take what it was given, now or later
    ├── StoreUnavailable            503 store-unavailable    Callcard's own file of calls, lists and callbacks
    └── Broken                      500 broken               ours

`code` is part of the public interface: add new ones, never rename one. A class carries the status it is answered with, so no
route maps errors. The answer's shape is RFC 9457 (`problem()`).
"""

from __future__ import annotations

from typing import Any, ClassVar


class Mistake(Exception):
    """Something that the person at the command line can mend; the message says what and how. Not an answer of the service."""


class CallcardError(Exception):
    """`detail` says what happened and what to do about it, in a sentence a person can act on."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "broken"
    title: ClassVar[str] = "Something broke in Callcard"

    def __init__(self, detail: str = "", **extra: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.extra = extra
        self.headers: dict[str, str] = {}

    def problem(self) -> dict[str, Any]:
        """The problem document of RFC 9457, with `code` and what else the error knows (`field`, `finesse`)."""
        told = {key: value for key, value in self.extra.items() if value is not None}
        detail = {"detail": self.detail} if self.detail else {}
        return {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            **detail,
            **told,
        }


class Broken(CallcardError):
    pass


class AskerError(CallcardError):
    status, code, title = 400, "unreadable", "The request can't be read"


class Unreadable(AskerError):
    pass


class CredentialsMissing(AskerError):
    status, code, title = 401, "credentials-missing", "Send the agent's Finesse credentials"

    def __init__(self, detail: str = "", **extra: Any) -> None:
        super().__init__(detail, **extra)
        self.headers = {
            "WWW-Authenticate": 'Basic realm="Finesse", charset="UTF-8", Bearer realm="Finesse"'
        }


class CredentialsWrong(CredentialsMissing):
    code, title = "credentials-wrong", "Finesse does not accept these credentials"


class NotYours(AskerError):
    status, code, title = 403, "not-yours", "Finesse does not let this agent do that"


class NotFound(AskerError):
    status, code, title = 404, "not-found", "There is no such thing"


class MethodNotAllowed(AskerError):
    status, code, title = 405, "method-not-allowed", "That method is not for this address"


class NotSignedIn(AskerError):
    status, code, title = 409, "not-signed-in", "The agent is not signed in to a phone"


class InteractionClosed(AskerError):
    status, code, title = 409, "interaction-closed", "The interaction is closed"


class DoNotCall(AskerError):
    status, code, title = 409, "do-not-call", "This number must not be called"


class TooLarge(AskerError):
    status, code, title = 413, "too-large", "The request is too large"


class InvalidField(AskerError):
    status, code, title = 422, "invalid-field", "A value can't be used"

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail, field=field)


class HeaderTooLarge(AskerError):
    status, code, title = 431, "header-too-large", "A header is too large"


class FinesseError(CallcardError):
    status, code, title = 502, "finesse-garbled", "Finesse answered something unexpected"


class FinesseGarbled(FinesseError):
    pass


class FinesseRefused(FinesseError):
    """Finesse understood and said no. `finesse` holds its own type, message and data."""

    status, code, title = 409, "finesse-refused", "Finesse refused"

    def __init__(self, detail: str, *, type: str, message: str, data: str) -> None:
        super().__init__(detail, finesse={"type": type, "message": message, "data": data})


class FinesseUnreachable(FinesseError):
    status, code, title = 502, "finesse-unreachable", "Finesse can't be reached"


class FinesseOutOfService(FinesseError):
    status, code, title = 503, "finesse-out-of-service", "Finesse is out of service"


class FinesseSlow(FinesseError):
    status, code, title = 504, "finesse-slow", "Finesse did not answer in time"


class NotToldYet(CallcardError):
    status, code, title = 425, "not-told-yet", "Nobody else has told of this call yet"


class SourceUnavailable(CallcardError):
    status, code, title = 503, "source-unavailable", "The contacts can't be read right now"


class SourceRefused(CallcardError):
    """For good: trying again would be answered the same."""

    status, code, title = 502, "source-refused", "The CRM does not take it"


class StoreUnavailable(CallcardError):
    status, code, title = 503, "store-unavailable", "Callcard's own data can't be used right now"


def all_errors(root: type[CallcardError] = CallcardError) -> list[type[CallcardError]]:
    """Every class of the tree, the root first: for the documentation and for the test that compares the two."""
    return [root, *(leaf for branch in root.__subclasses__() for leaf in all_errors(branch))]
