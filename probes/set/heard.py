"""From an HTTP exchange to a message: what the end point said at all. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from plugins.ask import HttpAnswer, NoAnswer, NoAnswerReason
from plugins.text import Text
from probes.holes.front import is_busy
from probes.set import causes, der, rules, unconfirmed
from probes.set.certificates import UnreadableError
from probes.set.messages import error_name, read_answer
from probes.set.opinion import Breach, Gap, say
from probes.set.parts import Answer, ErrorMessage
from probes.target import SetEndpoint
from probes.transcript import printable

SPEAKS_OTHERWISE = {NoAnswerReason.NOT_HTTP: causes.NOT_HTTP}


def message_type(endpoint: SetEndpoint) -> str:
    """Give the media type of an end point's messages."""
    return endpoint.profile.message_type or unconfirmed.MESSAGE_TYPE


def initiation_type(endpoint: SetEndpoint) -> str:
    """Give the media type of an end point's initiation message."""
    return endpoint.profile.initiation_type or unconfirmed.INITIATION_TYPE


def media_type(answer: HttpAnswer) -> str:
    """Give the media type of an answer, without parameters; empty without one."""
    field = next((text for name, text in answer.headers if name == "content-type"), "")
    return field.partition(";")[0].strip().lower()


def silence(answer: HttpAnswer | NoAnswer) -> str:
    """Say why an exchange says nothing about the end point; empty when it says something."""
    if isinstance(answer, NoAnswer):
        return "" if answer.reason in SPEAKS_OTHERWISE else f"the end point does not answer ({_words(answer)})"
    return f"the server asked to be left alone (status {answer.status})" if is_busy(answer) else ""


def _words(answer: NoAnswer) -> str:
    detail = printable(answer.detail.encode("utf-8", "replace"), 150)
    return f"{answer.reason}: {detail}" if detail else str(answer.reason)


def answer_of(endpoint: SetEndpoint, heard: HttpAnswer | NoAnswer) -> Answer | Breach | Gap:
    """Give the answer, or why there is none."""
    if reason := silence(heard):
        return Gap(rules.PROTOCOL, reason)
    if isinstance(heard, NoAnswer):
        return Breach(rules.PROTOCOL, SPEAKS_OTHERWISE[heard.reason], _words(heard))
    if why := _not_a_message(endpoint, heard):
        return Breach(rules.PROTOCOL, why[0], why[1])
    try:
        message = read_answer(heard.body)
    except UnreadableError as error:
        return Breach(rules.PROTOCOL, causes.UNREADABLE, str(error))
    return _refusal(endpoint, message) if isinstance(message, ErrorMessage) else message


def _not_a_message(endpoint: SetEndpoint, heard: HttpAnswer) -> tuple[Text, str] | None:
    wanted = message_type(endpoint)
    seen = printable(media_type(heard).encode("utf-8", "replace"), 80) or "no Content-Type"
    if 300 <= heard.status < 400:
        location: Sequence[str] = [text for name, text in heard.headers if name == "location"]
        return causes.REDIRECTED, printable("".join(location[:1]).encode("latin-1", "replace"), 150)
    if heard.status != 200:
        return say(causes.STATUS, status=str(heard.status)), f"status {heard.status}, {seen}"
    if media_type(heard) != wanted.lower():
        return say(causes.MEDIA_TYPE, wanted=wanted), seen
    if heard.truncated or len(heard.body) > der.MAX_BYTES:
        return say(causes.TOO_LARGE, bytes=str(der.MAX_BYTES)), f"more than {der.MAX_BYTES} bytes"
    return None


def _refusal(endpoint: SetEndpoint, message: ErrorMessage) -> Breach:
    name = error_name(message.code)
    seen = f"Error {message.code} ({name})"
    if message.code in unconfirmed.VERSION_ERRORS:
        return Breach(rules.VERSION_DIFFERS, say(causes.VERSION_REFUSED, name=name), seen, endpoint.version)
    return Breach(rules.PROTOCOL, say(causes.ERROR, name=name), seen)
