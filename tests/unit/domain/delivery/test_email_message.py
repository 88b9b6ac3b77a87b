"""E-mails: safe whatever people call their files, the same message in every copy, and one thread per address."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from penstock.domain.delivery.email_content import duration
from penstock.domain.delivery.email_message import EmailStyle, render
from penstock.domain.delivery.notification import Notification
from penstock.domain.errors import Fault, Problem
from penstock.domain.requests.hold import approve, expire
from penstock.domain.requests.recipients import parse_recipients
from penstock.domain.requests.request import Hold, Request, Status

STYLE = EmailStyle("penstock@mail.example")
NOON = 1_700_000_000_000_000
REQUEST = Request(
    request_id="01890000-0000-7000-8000-000000000001",
    tenant_id="t",
    data_source="crm",
    file_name="people.tsv",
    uploaded_by="ann",
    status=Status.COMPLETED,
    notify=parse_recipients(["ann@example.com", "bo@example.com:end", "cy@example.com:problems"]),
    accepted_at=NOON,
    started_at=NOON + 1_000_000,
    finished_at=NOON + 75_000_000,
    rows_read=5_000,
    rows_accepted=4_285,
    rows_rejected=715,
    reject_reasons={"wrong_field_count": 3, "not_a_phone": 712},
    dropped_cells={"tel": {"not_a_phone": 4}, "email": {"junk_identifier": 1}},
)
HELD = replace(
    REQUEST,
    status=Status.HELD,
    max_rejects="5%",
    finished_at=None,
    hold=Hold("too_many_rejects", NOON + 2_000_000, 1_800_000_000_000_000),
)
ALL, END, PROBLEMS = "ann@example.com", "bo@example.com", "cy@example.com"


def notification(status: Status, target: str = ALL) -> Notification:
    return Notification(
        channel="email", request_id=REQUEST.request_id, status=status, target=target, at_us=NOON + 75_000_000
    )


def mail(request: Request, status: Status, target: str = ALL, style: EmailStyle = STYLE) -> EmailMessage:
    """The message as its receiver parses it."""
    parsed = message_from_bytes(render(notification(status, target), request, style).as_bytes(), policy=SMTP)
    assert isinstance(parsed, EmailMessage)
    return parsed


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def unfolded(text: str) -> str:
    return " ".join(text.split())


def test_the_last_mail_has_the_counts_of_rows_and_hints() -> None:
    message = mail(REQUEST, Status.COMPLETED)
    text = body(message, "plain")
    assert message["Subject"] == "Upload completed, 715 of 5,000 rows rejected (14.3%): people.tsv"
    assert message["Date"] == "Tue, 14 Nov 2023 22:14:35 +0000"
    assert "4,285 of 5,000 rows were ingested; 715 were rejected (14.3%)." in unfolded(text)
    assert "rejected rows can be downloaded until 2023-11-21 22:13 UTC." in unfolded(text)
    for fact in ("File people.tsv", "Data source crm", "Uploaded by ann", "Mode add and update", "Took 1 min 15 s"):
        assert fact in unfolded(text)
    assert unfolded(text).index("712 rows: The value is not a valid phone number. Write it with its country code") < (
        unfolded(text).index("3 rows: The row has more or fewer fields than the header.")
    )
    assert "Cells dropped 5" in unfolded(text)
    assert f"    penstock rejects {REQUEST.request_id} -o rejects-000001.tsv\n" in text
    assert f"    penstock resubmit {REQUEST.request_id} rejects-000001.tsv\n" in text
    assert f"    penstock undo {REQUEST.request_id}\n" in text


def test_commands_name_files_in_the_format_of_the_upload() -> None:
    """And nothing else of its name, which could be more than a word to a shell."""
    text = body(mail(replace(REQUEST, file_name="$(reboot); x.CSV"), Status.COMPLETED), "plain")
    commands = [line.strip() for line in text.splitlines() if line.startswith("    penstock ")]
    assert [command.replace(REQUEST.request_id, "ID") for command in commands] == [
        "penstock rejects ID -o rejects-000001.csv",
        "penstock resubmit ID rejects-000001.csv",
        "penstock rejects ID --dropped -o dropped-000001.csv",
        "penstock undo ID",
    ]


def test_corrected_rows_name_the_request_that_they_correct() -> None:
    child = replace(REQUEST, parent_id="01890000-0000-7000-8000-000000000000", segment="vip")
    text = unfolded(body(mail(child, Status.COMPLETED), "plain"))
    assert "Corrects 01890000-0000-7000-8000-000000000000 Request 01890000-0000-7000-8000-000000000001" in text
    assert "Segment vip" in text
    assert "Segment" not in body(mail(REQUEST, Status.COMPLETED), "plain")


@pytest.mark.parametrize(
    ("microseconds", "words"),
    [(-5, "0.0 s"), (60_000, "0.1 s"), (9_940_000, "9.9 s"), (59_600_000, "1 min"), (3_661_000_000, "1 h 1 min")],
)
def test_a_duration_has_the_units_that_people_use(microseconds: int, words: str) -> None:
    assert duration(microseconds) == words


def test_only_the_most_frequent_reasons_are_listed() -> None:
    many = replace(REQUEST, reject_reasons={f"reason_{number}": number for number in range(1, 14)})
    text = unfolded(body(mail(many, Status.COMPLETED), "plain"))
    assert "13 rows: reason_13 12 rows: reason_12" in text
    assert "6 rows: Other reasons. The reject file names each." in text


def test_a_clean_end_is_one_glad_line() -> None:
    clean = replace(REQUEST, rows_accepted=5_000, rows_rejected=0, reject_reasons={}, dropped_cells={})
    message = mail(clean, Status.COMPLETED)
    assert message["Subject"] == "Upload completed, all 5,000 rows ingested: people.tsv"
    assert "penstock rejects" not in body(message, "plain")


def test_both_forms_say_the_same() -> None:
    class Words(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.found: list[str] = []

        def handle_data(self, data: str) -> None:
            self.found += data.split()

    for request, status in ((REQUEST, Status.COMPLETED), (HELD, Status.HELD), (REQUEST, Status.SCHEDULED)):
        words = Words()
        words.feed(body(mail(request, status), "html"))
        plain = body(mail(request, status), "plain").replace(":", " ").replace(".", " ").split()
        assert set(plain) <= set(" ".join(words.found).replace(":", " ").replace(".", " ").split()) | {"rows"}


def test_a_refused_file_says_how_to_fix_it_and_counts_nothing() -> None:
    """Chunks before the fault may still be counted between two copies of the message."""
    fault = Fault(code="no_tab", message="there is no tab", hint="Save the file as TSV.", column="crm id", position=2)
    problem = Problem(code="no_tab", title="No column could be found", detail="d", faults=[fault])
    failed = replace(REQUEST, status=Status.FAILED, error=problem)
    message = mail(failed, Status.FAILED)
    assert message["Subject"] == "Upload failed: people.tsv"
    assert "No column could be found. crm id: There is no tab. Save the file as TSV." in unfolded(
        body(message, "plain")
    )
    later = replace(failed, rows_read=6_000, rows_accepted=5_285, dropped_cells={})
    assert mail(later, Status.FAILED).as_bytes() == message.as_bytes()


def test_a_failure_of_all_rows_says_by_when_to_get_them() -> None:
    problem = Problem(code="no_rows_ingested", title="No row was ingested", detail="d")
    failed = replace(REQUEST, status=Status.FAILED, error=problem, rows_accepted=0, rows_rejected=5_000)
    message = mail(failed, Status.FAILED)
    assert message["Subject"] == "Upload failed, 5,000 of 5,000 rows rejected (100.0%): people.tsv"
    assert "downloaded until 2023-11-21 22:13 UTC" in unfolded(body(message, "plain"))
    assert "Rows ingested 0" in unfolded(body(message, "plain"))


def test_the_mail_of_a_hold_has_the_reason_the_command_and_the_deadline() -> None:
    message = mail(HELD, Status.HELD)
    text = body(message, "plain")
    assert message["Subject"] == "Upload held, 715 of 5,000 rows rejected (14.3%): people.tsv"
    assert "715 of 5,000 rows (14.3%) were rejected; the limit is 5%." in unfolded(text)
    assert "Decide by 2027-01-15 08:00 UTC; without a decision, the upload is cancelled then." in unfolded(text)
    assert f"  Ingest the other 4,285 rows:\n    penstock approve {REQUEST.request_id}\n" in text
    assert f"    penstock cancel {REQUEST.request_id}\n" in text
    assert "Rows ingested 0" in unfolded(text)


def test_the_link_leads_to_the_request_and_there_is_none_without_an_address() -> None:
    linked = EmailStyle("penstock@mail.example", "https://penstock.example/imports/{request_id}?a=1&b=2")
    message = mail(REQUEST, Status.COMPLETED, style=linked)
    url = f"https://penstock.example/imports/{REQUEST.request_id}?a=1&b=2"
    assert f"Open it: {url}\n" in body(message, "plain")
    assert f'href="{url.replace("&", "&amp;")}"' in body(message, "html")
    assert "http" not in body(mail(REQUEST, Status.COMPLETED), "html").replace("https://www.example.com", "")


@pytest.mark.parametrize(
    ("later", "statuses"),
    [
        (approve(HELD, NOON + 3_000_000), [Status.HELD, Status.COMPLETED]),
        (expire(HELD, 1_900_000_000_000_000), [Status.HELD, Status.CANCELLED]),
    ],
)
def test_every_copy_is_the_same_bytes_however_far_the_request_has_gone_since(
    later: Request, statuses: list[Status]
) -> None:
    seen = {Status.SCHEDULED: replace(REQUEST, status=Status.SCHEDULED, rows_read=0, started_at=None, finished_at=None)}
    seen |= {Status.IN_PROGRESS: replace(REQUEST, status=Status.IN_PROGRESS, rows_read=7, finished_at=None)}
    seen |= {Status.HELD: HELD}
    for status in (Status.SCHEDULED, Status.IN_PROGRESS, *statuses):
        first = mail(seen.get(status, later), status).as_bytes()
        assert mail(later, status).as_bytes() == first
        assert mail(replace(later, announced_status={"email": status}, chunks_done=3), status).as_bytes() == first


def test_the_mails_to_an_address_are_one_thread_that_begins_with_its_first_one() -> None:
    done = approve(HELD, NOON + 3_000_000)
    for target, statuses in (
        (ALL, [Status.SCHEDULED, Status.IN_PROGRESS, Status.HELD, Status.COMPLETED]),
        (END, [Status.HELD, Status.COMPLETED]),
        (PROBLEMS, [Status.HELD, Status.COMPLETED]),
    ):
        first, *rest = [mail(done, status, target) for status in statuses]
        assert (first["In-Reply-To"], first["References"]) == (None, None)
        assert {(each["In-Reply-To"], each["References"]) for each in rest} == {(first["Message-ID"],) * 2}
    ids = [mail(done, status, target)["Message-ID"] for status in Status for target in (ALL, END, PROBLEMS)]
    assert len(set(ids)) == len(ids)


class Shape(HTMLParser):
    """The elements of a page, and where their attributes lead."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(f"{tag} {sorted(name for name, _ in attrs)}")


names = st.text(max_size=400) | st.sampled_from(
    ["</td><script>alert(1)</script>", '"><img src=x onerror=1>', "a\r\nBcc: eve@example.com", "<!--", "&#60;b&#62;"]
)


@given(names, names, names)
def test_no_name_adds_a_header_a_line_or_an_element(file_name: str, data_source: str, uploaded_by: str) -> None:
    usual = mail(REQUEST, Status.COMPLETED)
    named = replace(REQUEST, file_name=file_name, data_source=data_source, uploaded_by=uploaded_by)
    message = mail(named, Status.COMPLETED)
    assert [name.lower() for name in message] == [name.lower() for name in usual]
    assert message["To"] == "ann@example.com"
    assert body(message, "plain").count("\n") == body(usual, "plain").count("\n")
    assert Shape(body(message, "html")).elements == Shape(body(usual, "html")).elements


@pytest.mark.parametrize("name", ["a\r\nBcc: eve@example.com", "a\u202egnp.exe", "a\0b", "a\u2028b", "x" * 4000])
def test_a_nasty_file_name_is_one_short_harmless_line(name: str) -> None:
    subject = mail(replace(REQUEST, file_name=name), Status.COMPLETED)["Subject"]
    assert len(subject) < 200
    assert subject.isprintable()


def test_no_mail_is_answered_by_a_machine_or_loads_anything() -> None:
    message = mail(REQUEST, Status.COMPLETED)
    assert message["Auto-Submitted"] == "auto-generated"
    page = body(message, "html")
    assert not {"img", "script", "link", "style", "iframe"} & {each.split()[0] for each in Shape(page).elements}
    assert len(message.as_bytes()) < 20_000
