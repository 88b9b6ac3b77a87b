"""The client of a data folder on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.uploads.upload_command import not_notified
from penstock.client.progress import Progress
from penstock.client.upload_order import UploadOrder
from penstock.config import Settings
from penstock.documents.api_keys import ApiKeyView, NewApiKeyView, key_view
from penstock.documents.mapping_versions import MappingChangesView, MappingVersionView, changes_view, version_list
from penstock.documents.mappings import MappingView, mapping_view
from penstock.documents.plans import PlanView, plan_view
from penstock.documents.profiles import ProfileView, profile_view
from penstock.documents.publishers import PublisherView, RotatedPublisherView, publisher_view, rotated_view
from penstock.documents.rejected_rows import RejectedRowsPage, rejected_rows_page
from penstock.documents.requests import RequestPage, RequestView, detailed_view, listed_views
from penstock.domain.access.permissions import Role
from penstock.domain.requests.request import Request
from penstock.domain.requests.request_filter import RequestFilter
from penstock.wiring import open_system
from penstock.wiring.use_cases import use_cases_of
from services.cli.catalog_client import CatalogClient
from services.cli.client import Client
from services.cli.dead_letter_client import DeadLetterClient, LocalDeadLetters
from services.cli.following import changes
from services.cli.local_caller import local_caller
from services.cli.local_catalog import LocalCatalog
from services.cli.output import Document
from services.cli.upload_file import UploadFile


class LocalClient(Client):
    """Needs no key: the caller is the user of this machine."""

    def __init__(self, settings: Settings) -> None:
        self._system = open_system(settings)
        self._use_cases = use_cases_of(self._system)
        self._caller = local_caller(settings.tenant)
        self._catalog = LocalCatalog(self._use_cases.catalog, self._caller)
        self._dead_letters = LocalDeadLetters(self._use_cases.dead_letters, self._caller)

    @property
    def catalog(self) -> CatalogClient:
        return self._catalog

    @property
    def dead_letters(self) -> DeadLetterClient:
        return self._dead_letters

    def upload(
        self, file: UploadFile, order: UploadOrder, progress: Progress, columns: Sequence[ColumnSpec] = ()
    ) -> Document:
        progress.storing(file.size)
        command = order.command(file.name, self._caller.name, columns=columns or None, create_source=bool(columns))
        accepted = self._use_cases.uploads.upload(self._caller, file.parts(progress.stored), command)
        ignored = not_notified(command, accepted.request.notify)
        return {**self._detailed(accepted.request), "duplicate": accepted.duplicate, "not_notified": ignored}

    def request_page(self, *, limit: int, before: str = "", only: RequestFilter = RequestFilter()) -> RequestPage:
        page = self._use_cases.requests.page(self._caller, before=before, limit=limit, only=only)
        return RequestPage(requests=self._listed(page.requests), next=page.next)

    def request(self, request_id: str) -> RequestView:
        return self._detailed(self._use_cases.requests.get(self._caller, request_id))

    def changes(self, request_id: str) -> Iterator[RequestView]:
        return changes(self._use_cases.requests, self._caller, request_id, self._system.clock)

    def problems(self) -> list[str]:
        return []

    def rejects(self, request_id: str, *, dropped: bool = False, bom: bool = False) -> Iterator[bytes]:
        return self._use_cases.requests.rejects(self._caller, request_id, dropped=dropped, bom=bom).parts

    def rejected_rows(
        self, request_id: str, *, reason: str = "", dropped: bool = False, reveal: bool = False, limit: int = 50
    ) -> RejectedRowsPage:
        requests = self._use_cases.requests
        read = requests.rejected_rows if reveal else requests.masked_rejects
        page = read(self._caller, request_id, reason=reason, dropped=dropped, limit=limit)
        corrected = requests.corrected_lines(self._caller, requests.get(self._caller, request_id))
        return rejected_rows_page(request_id, page, corrected, is_masked=not reveal)

    def plan(self, request_id: str) -> PlanView:
        return plan_view(self._use_cases.requests.plan(self._caller, request_id))

    def cancel(self, request_id: str) -> RequestView:
        return self._listed([self._use_cases.requests.cancel(self._caller, request_id)])[0]

    def approve(self, request_id: str) -> RequestView:
        return self._listed([self._use_cases.requests.approve(self._caller, request_id)])[0]

    def undo(self, request_id: str) -> RequestView:
        return self._listed([self._use_cases.requests.undo(self._caller, request_id)])[0]

    def profile(self, namespace: str, value: str, *, reveal: bool, history: bool = False) -> ProfileView:
        profiles = self._use_cases.profiles
        ask = profiles.reveal if reveal else profiles.look_up
        return profile_view(ask(self._caller, namespace, value, history=history), lineage=True)

    def mapping(self, source: str, version: int | None = None) -> MappingView:
        return mapping_view(self._use_cases.catalog.mapping(self._caller, source, version))

    def mapping_versions(self, source: str) -> list[MappingVersionView]:
        return version_list(source, self._use_cases.catalog.mapping_versions(self._caller, source))["versions"]

    def mapping_changes(self, source: str, version: int, base: int | None) -> MappingChangesView:
        return changes_view(source, self._use_cases.catalog.mapping_changes(self._caller, source, version, base))

    def restore_mapping(self, source: str, version: int) -> MappingView:
        return mapping_view(self._use_cases.catalog.restore_mapping(self._caller, source, version))

    def save_mapping(
        self, source: str, columns: Sequence[ColumnSpec], *, new_attributes: Sequence[str] = ()
    ) -> MappingView:
        catalog = self._use_cases.catalog
        return mapping_view(
            catalog.save_mapping(self._caller, source, columns, create_source=True, new_attributes=new_attributes)
        )

    def keys(self) -> list[ApiKeyView]:
        return [key_view(key) for key in self._use_cases.access.keys(self._caller)]

    def create_key(self, role: Role, name: str, *, expires_at: int | None = None) -> NewApiKeyView:
        secret, key = self._use_cases.access.create_key(self._caller, role, name, expires_at=expires_at)
        return NewApiKeyView(**key_view(key), key=secret)

    def revoke_key(self, key_id: str) -> None:
        self._use_cases.access.revoke_key(self._caller, key_id)

    def publishers(self) -> list[PublisherView]:
        return [publisher_view(each) for each in self._use_cases.access.publishers(self._caller)]

    def rotate_publisher(self, publisher_id: str) -> RotatedPublisherView:
        return rotated_view(*self._use_cases.access.rotate_publisher(self._caller, publisher_id))

    def revoke_publisher(self, publisher_id: str) -> None:
        self._use_cases.access.revoke_publisher(self._caller, publisher_id)

    def close(self) -> None:
        self._use_cases.audit.flush()
        self._system.close()

    def _detailed(self, request: Request) -> RequestView:
        return detailed_view(self._use_cases.requests, self._caller, request, self._system.clock.now_us())

    def _listed(self, requests: Sequence[Request]) -> list[RequestView]:
        return listed_views(self._use_cases.requests, self._caller, requests, self._system.clock.now_us())
