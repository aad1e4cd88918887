"""XML of calls and nonvoice tasks: Finesse has one Dialog object for both."""

from __future__ import annotations

from collections.abc import Iterable

from lxml import etree
from lxml.builder import E

from finesse_sandbox.telephony.dialogs import Dialog, Participant
from finesse_sandbox.telephony.media_tasks import Task
from finesse_sandbox.xml.document import API


def dialogs_element(dialogs: Iterable[Dialog]) -> etree._Element:
    return E.Dialogs(*(dialog_element(dialog) for dialog in dialogs))


def collection_event(dialog: etree._Element) -> etree._Element:
    """Return the data of an event about a dialog that joins or leaves a user's collection."""
    return E.dialogs(dialog)


def dialog_element(dialog: Dialog, tag: str = "Dialog") -> etree._Element:
    """Return a call. As recorded, children are in alphabetical order."""
    associated = f"{API}/Dialog/{dialog.associated}" if dialog.associated else ""
    return E(
        tag,
        E.associatedDialogUri(associated),
        E.fromAddress(dialog.from_address),
        E.id(dialog.id),
        _media_properties(dialog),
        E.mediaType("Voice"),
        E.participants(*(_participant(each) for each in dialog.participants)),
        *_scheduled_callback(dialog),
        *([E.secondaryId(dialog.secondary)] if dialog.secondary else []),
        E.state(dialog.state),
        E.toAddress(dialog.to_address),
        E.uri(f"{API}/Dialog/{dialog.id}"),
    )


def _media_properties(dialog: Dialog) -> etree._Element:
    # Always all ten: the vendor's 10.x library fails on a single one, so a real server hardly
    # ever sends one alone.
    variables = {f"callVariable{n}": "" for n in range(1, 11)} | dialog.variables
    children = [
        E.DNIS(dialog.dnis or dialog.dialed_number),
        E.callType(dialog.call_type),
        E.dialedNumber(dialog.dialed_number),
        E.mediaId("1"),
        E.outboundClassification(dialog.classification),
        E.queueName(dialog.queue),
    ]
    if dialog.key is not None:
        children.append(E.callKeyCallId(dialog.key.id))
        children.append(E.callKeyPrefix(dialog.key.prefix))
        children.append(E.callKeySequenceNum("1"))
    if dialog.wrap_up:  # absent until it is set
        children.append(E.wrapUpReason(dialog.wrap_up[0]))
    if len(dialog.wrap_up) > 1:
        children.append(E.wrapUpItems(*(E.wrapUpItem(item) for item in dialog.wrap_up)))
    ordered = sorted(children, key=lambda child: str(child.tag))
    return E.mediaProperties(*ordered, _call_variables(variables))


def _call_variables(variables: dict[str, str]) -> etree._Element:
    return E.callvariables(
        *(E.CallVariable(E.name(name), E.value(value)) for name, value in variables.items())
    )


def _scheduled_callback(dialog: Dialog) -> list[etree._Element]:
    callback = dialog.callback
    if not callback.time and not callback.number:
        return []
    info = E.scheduledCallbackInfo()
    if callback.time:
        info.append(E.callbackTime(callback.time))
    if callback.number:
        info.append(E.callbackNumber(callback.number))
    return [info]


def _participant(participant: Participant) -> etree._Element:
    return E.Participant(
        E.actions(*(E.action(action) for action in participant.actions)),
        E.mediaAddress(participant.address),
        E.mediaAddressType("AGENT_DEVICE" if participant.is_agent else ""),
        E.startTime(participant.joined_at),
        E.state(participant.state),
        E.stateCause(participant.cause),
        E.stateChangeTime(participant.state_since),
    )


def tasks_element(tasks: Iterable[Task]) -> etree._Element:
    return E.Dialogs(*(task_element(task) for task in tasks))


def task_element(task: Task, tag: str = "Dialog") -> etree._Element:
    """Return a nonvoice dialog: no call type, no addresses, one agent."""
    participant = E.Participant(
        E.actions(*(E.action(action) for action in task.actions)),
        E.mediaAddress(task.user),
        E.mediaAddressType(),
        E.startTime(task.offered_at),
        E.state(task.state),
        E.stateCause(),
        E.stateChangeTime(task.state_since),
    )
    return E(
        tag,
        E.associatedDialogUri(),
        E.fromAddress(),
        E.id(task.id),
        E.mediaProperties(
            E.mediaId(task.media),
            E.dialedNumber(),
            E.callType(),
            E.outboundClassification(),
            _call_variables(task.variables),
        ),
        E.mediaType(task.media_name),
        E.participants(participant),
        E.state(task.state),
        E.toAddress(),
        E.uri(f"{API}/Dialog/{task.id}"),
    )
