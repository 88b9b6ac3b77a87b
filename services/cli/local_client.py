"""The client of a data folder on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from penstock.application.access.api_keys import Access, ApiKey, Role
from penstock.application.catalog.column_specs import ColumnSpec, custom_attribute, resolve_for_tenant, save_mapping
from penstock.application.uploads.upload_command import UploadCommand
from penstock.config import Settings
from penstock.domain.mapping.attributes import Attribute
from penstock.domain.mapping.mapping import Mapping
from penstock.domain.requests.request import Request, to_public
from penstock.wiring import open_system
from penstock.wiring.uploads import intake_of, reject_files_of, resubmitter_of
from services.cli.client import Client, UploadOrder
from services.cli.following import changes
from services.cli.local_user import local_user
from services.cli.output import Document
from services.cli.profile_document import profile_document
from services.cli.progress import Progress
from services.cli.upload_file import UploadFile
from services.uploader.api.views import attribute_view, key_view, mapping_view


class LocalClient(Client):
    """Needs no key: whoever may read the folder's key file may do everything. It is audited like anyone else."""

    def __init__(self, settings: Settings) -> None:
        self._system = open_system(settings)
        self._access = Access(self._system.control, self._system.clock)
        self._tenant_id = settings.tenant

    def upload(self, file: UploadFile, order: UploadOrder, shown: Progress) -> Document:
        form = UploadCommand(
            data_source=order.data_source,
            file_name=file.name,
            uploaded_by=local_user(),
            mode=order.mode,
            segment=order.segment,
            notify=order.notify,
        )
        shown.storing(file.size)
        return self._public(intake_of(self._system).upload(self._tenant_id, file.parts(shown.stored), form))

    def requests(self, *, limit: int) -> list[Document]:
        return [self._public(each) for each in self._system.requests.list(self._tenant_id, limit=limit)]

    def request(self, request_id: str) -> Document:
        return self._public(self._system.requests.get(self._tenant_id, request_id))

    def changes(self, request_id: str) -> Iterator[Document]:
        return changes(self._system.requests, self._system.clock, self._tenant_id, request_id)

    def problems(self) -> list[str]:
        return []

    def rejects(self, request_id: str) -> Iterator[bytes]:
        lines = reject_files_of(self._system).lines(self._tenant_id, request_id)
        self._audit("rejects.downloaded", request_id=request_id)
        return lines

    def cancel(self, request_id: str) -> Document:
        cancelled = self._system.requests.cancel(self._tenant_id, request_id)
        self._audit("request.cancelled", request_id=request_id)
        return self._public(cancelled)

    def resubmit(self, request_id: str) -> Document:
        resubmitter = resubmitter_of(self._system, intake_of(self._system))
        child = resubmitter.resubmit(self._tenant_id, request_id, uploaded_by=local_user())
        self._audit("request.resubmitted", request_id=request_id, child_id=child.request_id)
        return self._public(child)

    def undo(self, request_id: str) -> Document:
        undone = self._system.requests.undo(self._tenant_id, request_id)
        self._audit("request.undone", request_id=request_id)
        return self._public(undone)

    def profile(self, namespace: str, value: str, *, reveal: bool) -> Document:
        reader = self._system.reader
        if reveal:  # before anything is shown
            node = reader.node(self._tenant_id, namespace, value)
            self._audit("profile.revealed", namespace=namespace, node=node.hex())
        found = reader.lookup(self._tenant_id, namespace, value, reveal=reveal)
        return profile_document(found, lambda each: self._system.requests.get(self._tenant_id, each).file_name)

    def sources(self) -> list[Document]:
        return [msgspec.to_builtins(each) for each in self._system.catalog.sources(self._tenant_id)]

    def create_source(self, name: str, display_name: str) -> Document:
        made: Document = msgspec.to_builtins(self._system.catalog.create_source(self._tenant_id, name, display_name))
        return made

    def attributes(self) -> list[Document]:
        known = self._system.catalog.attributes(self._tenant_id).values()
        return [_attribute(each) for each in known]

    def create_attribute(self, name: str, *, format: str, pii: bool, display_name: str) -> Document:
        wanted = custom_attribute(name, display_name=display_name, format=format, pii=pii)
        return _attribute(self._system.catalog.create_attribute(self._tenant_id, wanted))

    def mapping(self, source: str) -> Document:
        self._system.catalog.source(self._tenant_id, source)
        return self._mapping(self._system.catalog.mapping(self._tenant_id, source))

    def save_mapping(self, source: str, columns: Sequence[ColumnSpec]) -> Document:
        catalog = self._system.catalog
        wanted = resolve_for_tenant(catalog, self._tenant_id, columns)
        catalog.create_source(self._tenant_id, source)
        saved = save_mapping(catalog, self._tenant_id, source, wanted)
        return self._mapping(saved, created=[attribute.name for attribute in wanted.missing])

    def keys(self) -> list[Document]:
        return [_key(key) for key in self._access.list_keys(self._tenant_id)]

    def create_key(self, role: Role, name: str, *, expires_at: int | None = None) -> Document:
        secret, key = self._access.create_key(self._tenant_id, role, name, expires_at=expires_at)
        self._audit("key.created", key_id=key.key_id, role=key.role)
        return {**_key(key), "key": secret}

    def revoke_key(self, key_id: str) -> None:
        self._access.revoke_key(self._tenant_id, key_id)
        self._audit("key.revoked", key_id=key_id)

    def close(self) -> None:
        self._system.close()

    def _mapping(self, mapping: Mapping, *, created: Sequence[str] = ()) -> Document:
        attributes = self._system.catalog.attributes_of(self._tenant_id, mapping)
        document: Document = msgspec.to_builtins(mapping_view(mapping, attributes, created))
        return document

    def _public(self, request: Request) -> Document:
        return to_public(request, self._system.clock.now_us())

    def _audit(self, action: str, **details: str) -> None:
        self._access.audit(self._tenant_id, local_user(), action, details)


def _attribute(attribute: Attribute) -> Document:
    document: Document = msgspec.to_builtins(attribute_view(attribute))
    return document


def _key(key: ApiKey) -> Document:
    document: Document = msgspec.to_builtins(key_view(key))
    return document
