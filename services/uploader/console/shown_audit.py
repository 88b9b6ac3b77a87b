"""The words for what the audit records: what somebody did, why it was refused, and to what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from penstock.documents.audit import AuditEntryView
from penstock.domain.mapping.attributes import Attribute
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.error_codes import title_of
from services.uploader.console.words import MODES, attribute_words, source_words

ACTIONS = {
    "attribute.archive": "Archive an attribute",
    "attribute.create": "Add an attribute",
    "attribute.edit": "Change an attribute",
    "attribute.list": "See the attributes",
    "attribute.read": "See an attribute",
    "attribute.unarchive": "Take an attribute out of the archive",
    "audit.read": "Read the audit",
    "data_source.archive": "Archive a data source",
    "data_source.create": "Add a data source",
    "data_source.delete": "Delete a data source",
    "data_source.edit": "Change a data source",
    "data_source.list": "See the data sources",
    "data_source.read": "See a data source",
    "data_source.unarchive": "Take a data source out of the archive",
    "dead_letter.list": "See the events that could not be handled",
    "dead_letter.replay": "Replay an event that could not be handled",
    "draft.accept": "Import a file that arrived in parts",
    "draft.delete": "Delete a file that arrives in parts",
    "draft.read": "See a file that arrives in parts",
    "draft.receive": "Send a file in parts",
    "file.check": "Check a file",
    "file.inspect": "Look into a file",
    "identifiers.rank": "Change the order of the identifiers",
    "identifiers.read": "See the order of the identifiers",
    "import.delete": "Delete a draft of an import",
    "import.edit": "Prepare an import",
    "import.read": "See a draft of an import",
    "import.reveal": "Show the samples of personal columns",
    "key.create": "Create an API key",
    "key.list": "See the API keys",
    "key.revoke": "Revoke an API key",
    "mapping.compare": "Compare versions of a mapping",
    "mapping.list": "See the versions of a mapping",
    "mapping.read": "See a mapping",
    "mapping.restore": "Restore a version of a mapping",
    "mapping.save": "Save a mapping",
    "profile.look_up": "Look a person up, personal values masked",
    "profile.reveal": "Reveal personal values of a profile",
    "publisher.create": "Add a publisher",
    "publisher.list": "See the publishers",
    "publisher.revoke": "Revoke a publisher",
    "publisher.rotate": "Give a publisher a new key",
    "rejects.download": "Download rejected rows",
    "rejects.reveal": "Show rejected rows with personal values",
    "rejects.sample": "See rejected rows, personal values masked",
    "request.approve": "Approve an import",
    "request.cancel": "Cancel an import",
    "request.list": "See the upload history",
    "request.read": "See an import",
    "request.resubmit": "Import corrected rows",
    "request.undo": "Undo an import",
    "request.upload": "Import a file",
    "saved_view.delete": "Delete a saved view",
    "saved_view.list": "See the saved views",
    "saved_view.save": "Save a view of the history",
    "session.begin": "Sign in",
    "session.end": "End a session",
    "session.list": "See the sessions",
    "sign_in_link.create": "Make a link to sign in",
    "system.read": "See the state of the system",
    "system.verify": "Verify the records",
    "tenant.destroy_key": "Destroy the tenant's key",
    "tenant.wrap_keys": "Wrap the tenant's keys again",
    "tenant.read_limits": "See the tenant's limits",
    "tenant.set_limits": "Change the tenant's limits",
}
_LABELS = {
    "child_id": "correction",
    "created_key_id": "key",
    "dead_letter_id": "event",
    "draft_id": "draft",
    "file_id": "file",
    "namespace": "identifier",
    "node": "person, as a code",
    "prefixes": "folders",
    "publisher_id": "publisher",
    "revoked_key_id": "key",
    "session_id": "session",
    "source": "data source",
}
_KEYS = ("created_key_id", "revoked_key_id")
_IDS = ("child_id", "dead_letter_id", "draft_id", "file_id", "node", "publisher_id", "session_id", *_KEYS)


class Names(NamedTuple):
    """What things are called, as far as the person may know: keys by their ids, sources and attributes by name, and
    the files of requests by their ids."""

    keys: Mapping[str, str] = {}
    sources: Mapping[str, str] = {}
    attributes: Mapping[str, Attribute] = BUILTIN
    files: Mapping[str, str] = {}


class ShownDetail(NamedTuple):
    """`words` may be empty beside an `id`."""

    label: str
    words: str
    id: str = ""


class ShownEntry(NamedTuple):
    """`reason`: why it was refused, "" if it was not."""

    entry: AuditEntryView
    action: str
    reason: str
    details: Sequence[ShownDetail]


def shown_entry(entry: AuditEntryView, names: Names) -> ShownEntry:
    code = entry["code"]
    return ShownEntry(
        entry,
        action_words(entry["action"]),
        title_of(code, code) if code else "",
        [_detail(name, text, names) for name, text in entry["details"].items()],
    )


def action_words(action: str) -> str:
    return ACTIONS.get(action, action)


def key_ids(entries: Sequence[AuditEntryView]) -> set[str]:
    """The keys that entries are about."""
    return {entry["details"][name] for entry in entries for name in _KEYS if name in entry["details"]}


def request_ids_in(entries: Sequence[AuditEntryView]) -> set[str]:
    """The requests that entries are about."""
    found = {each["request_id"] for each in entries} | {each["details"].get("child_id") for each in entries}
    return {each for each in found if each}


def source_names_in(entries: Sequence[AuditEntryView]) -> set[str]:
    """The data sources that entries are about."""
    return {text for entry in entries for name, text in entry["details"].items() if name in ("source", "data_source")}


def _detail(name: str, text: str, names: Names) -> ShownDetail:
    label = _LABELS.get(name, name.replace("_", " "))
    if name in _IDS:
        return ShownDetail(label, names.keys.get(text) or names.files.get(text, ""), text)
    match name:
        case "namespace":
            text = attribute_words(text, names.attributes)
        case "source" | "data_source":
            text = source_words(text, names.sources)
        case "mode":
            text = next((words for mode, words in MODES.items() if mode == text), text)
    return ShownDetail(label, text)
