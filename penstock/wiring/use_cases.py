"""All use cases of a system, which the command line, the API and the consumers of offers call."""

from __future__ import annotations

from typing import NamedTuple

from penstock.application.access.api_keys import ApiKeys
from penstock.application.access.audit import Audit
from penstock.application.access.publishers import Publishers
from penstock.application.access.sessions import Sessions
from penstock.application.access.use_cases import AccessUseCases
from penstock.application.catalog.attribute_edits import AttributeEdits
from penstock.application.catalog.use_cases import CatalogUseCases
from penstock.application.consuming.dead_letters import DeadLetters
from penstock.application.consuming.use_cases import DeadLetterUseCases
from penstock.application.delivery.mail_report import MailReports
from penstock.application.delivery.outbox import Outbox
from penstock.application.drafts.receiving import Receiver
from penstock.application.drafts.use_cases import DraftUseCases
from penstock.application.encryption.use_cases import KeyUseCases
from penstock.application.health.use_cases import HealthUseCases
from penstock.application.health.workload import Workload
from penstock.application.imports.use_cases import ImportUseCases
from penstock.application.profiles.use_cases import ProfileUseCases
from penstock.application.requests.corrections import Corrections
from penstock.application.requests.key_claims import KeyClaims
from penstock.application.requests.queues import Queues
from penstock.application.requests.reject_file import RejectFiles
from penstock.application.requests.saved_views import SavedViews
from penstock.application.requests.use_cases import RequestUseCases
from penstock.application.requests.waits import Waits
from penstock.application.tenants.use_cases import TenantUseCases
from penstock.application.uploads.resubmit import Resubmitter
from penstock.application.uploads.use_cases import UploadUseCases
from penstock.wiring.system import System
from penstock.wiring.uploads import drafts_of, import_drafts_of, intake_of, publishers_of


class AllUseCases(NamedTuple):
    audit: Audit
    api_keys: ApiKeys
    sessions: Sessions
    publishers: Publishers
    uploads: UploadUseCases
    drafts: DraftUseCases
    imports: ImportUseCases
    requests: RequestUseCases
    catalog: CatalogUseCases
    profiles: ProfileUseCases
    access: AccessUseCases
    keys: KeyUseCases
    tenants: TenantUseCases
    dead_letters: DeadLetterUseCases
    health: HealthUseCases


def use_cases_of(system: System) -> AllUseCases:
    audit = Audit(system.control, system.clock)
    keys, publishers = ApiKeys(system.control, system.clock), publishers_of(system)
    sessions = Sessions(system.control, system.clock, keys)
    intake = intake_of(system)
    drafts = drafts_of(system)
    receiver = Receiver(drafts, system.files)
    rejects = RejectFiles(system.requests, system.chunks, system.files)
    resubmitter = Resubmitter(system.requests, rejects, intake)
    mails = MailReports(Outbox(system.control, system.clock), sends=system.mails_are_sent, outage=system.mail_outage)
    workload = Workload(system.log, system.requests, system.control.tenants, system.clock)
    return AllUseCases(
        audit=audit,
        api_keys=keys,
        sessions=sessions,
        publishers=publishers,
        uploads=UploadUseCases(audit, intake, system.catalog, system.limits, KeyClaims(system.control, system.clock)),
        drafts=DraftUseCases(audit, drafts, receiver, intake, system.limits),
        imports=ImportUseCases(
            audit, import_drafts_of(system), drafts, receiver, system.limits, sends_mails=system.mails_are_sent
        ),
        requests=RequestUseCases(
            audit,
            system.requests,
            Corrections(system.requests, system.chunks),
            rejects,
            resubmitter,
            mails,
            system.chunks,
            SavedViews(system.control, keys),
            Waits(Queues(system.control), system.clock, system.dependencies.lasting),
        ),
        catalog=CatalogUseCases(audit, system.catalog, AttributeEdits(system.control, system.catalog)),
        profiles=ProfileUseCases(audit, system.reader, system.requests),
        access=AccessUseCases(audit, keys, sessions, publishers, system.keys),
        keys=KeyUseCases(audit, system.keys),
        tenants=TenantUseCases(audit, system.tenant_limits),
        dead_letters=DeadLetterUseCases(audit, DeadLetters(system.log)),
        health=HealthUseCases(
            audit, system.dependencies, workload, system.clock.now_us, system.disk, system.control, system.vault
        ),
    )
