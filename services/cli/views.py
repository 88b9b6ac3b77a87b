"""Documents as the terminal shows them. Each view begins with `all_printable`, because a server may send anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from penstock.domain.errors import Fault, Problem
from penstock.domain.files.encodings import UTF_8
from penstock.domain.files.rejects import dropped_file_name, reject_file_name
from penstock.domain.files.row_reasons import reason_of
from services.cli.blank_words import blank_words_text
from services.cli.broken_commands import command_lines
from services.cli.fitting import Fitting, Unbroken, block, stacked
from services.cli.grouped_faults import grouped, shared_option
from services.cli.output import Document, all_printable, printable

_STATUS_STYLES = {"COMPLETED": "green", "FAILED": "red", "CANCELLED": "yellow", "REVERTED": "yellow", "HELD": "yellow"}
_ACCEPTED = {  # the word for accepted rows; otherwise they are not ingested
    "SCHEDULED": "valid",
    "IN_PROGRESS": "valid",
    "HELD": "valid, not ingested yet",
    "COMPLETED": "ingested",
    "REVERTED": "undone",
}
_MIN_SENTENCE_WIDTH = 24  # columns
_MAX_DROPPING_LISTED = 10  # columns


def problem_view(problem: Problem) -> RenderableType:
    """The problem, with every fault, its place and how to fix it."""
    title = Text(printable(problem.title), style="bold red")
    if len(problem.faults) > 1:
        return Group(title, faults_view(problem.faults))
    message, where, hint = problem.detail, "", ""
    for fault in problem.faults:
        message, where, hint = fault.message, _where(fault.column, fault.position), fault.hint
    line = title.append(f": {printable(message)}", style="not bold default")
    if where:
        line.append(f", at {where}", style="not bold default")
    return Group(line, Text(f"{printable(hint)} ({printable(problem.code)})".lstrip(), style="dim"))


def faults_view(faults: Sequence[Fault]) -> RenderableType:
    """The faults, those of one kind together, and first the option that fixes several of them."""
    table = table_of("!code", "where", "~problem", "~how to fix it")
    blocks = []
    for fault in grouped(faults):
        where = ", ".join(filter(None, (_where(column, position) for column, position in fault.places)))
        code, message, hint = map(printable, (fault.code, fault.message, fault.hint))
        table.add_row(code, where, message, hint)
        blocks.append(block(code, *filter(None, (where, message, hint))))
    option = shared_option(faults)
    return Group(*([Text(option)] if option else []), Fitting(table, Group(*blocks)))


def request_view(
    request: Document, *, notes: Sequence[tuple[str, str]] = (), where: str = "", again: str = ""
) -> RenderableType:
    """One request with its counts, its rejects by reason and the next steps.

    `where` are the options with which the next command finds the same system, such as ` --data demo`; `again` is the
    command that ingests the file better than resubmitting its rejects.
    """
    request = all_printable(request)
    facts: list[tuple[str, RenderableType]] = [
        ("Request", Text(request["request_id"])),
        ("Status", _status(request["status"])),
        ("File", Text(_file(request))),
        *read_as_facts(request["file_options"]),
        ("Rows", Text(_rows(request))),
        *_waiting_facts(request),
        *_progress_facts(request),
        *((label, Text(printable(text))) for label, text in notes if text),
    ]
    parts: list[RenderableType] = [facts_view(facts)]
    if request["reject_reasons"]:
        parts.append(reasons_view(request["reject_reasons"]))
    if request["dropped_cells"]:
        parts.append(_dropped_view(request["dropped_cells"]))
    if request["blank_words"]:
        parts.append(Group(Text(), blank_words_text(request["blank_words"])))
    if request["held"]:
        parts.append(_held_view(request["held"]))
    if any("mails" in each for each in request["notify"]):
        parts.append(_mails_view(request["notify"]))
    if request["error"]:
        parts.append(_error_view(request["error"]))
    steps = _next_steps(request, where, again)
    if steps:
        parts.append(Group(Text(), commands_view(steps)))
    return Group(*parts)


def read_as_facts(options: Document) -> list[tuple[str, RenderableType]]:
    """How a file is read, where that is not a matter of course or comes from its data source."""
    inherited = options["inherited"]
    text = {
        "encoding": options["encoding"],
        "clean_headers": "with cleaned column names" if options["clean_headers"] else "without cleaned column names",
        "quoted": "with quotes around cells" if options["quoted"] else "without quotes around cells",
    }
    own = {"encoding": options["encoding"] != UTF_8, **{name: options[name] for name in ("clean_headers", "quoted")}}
    facts = [text[name] for name in text if own[name] and name not in inherited]
    if inherited:
        facts.append(f"{', '.join(text[name] for name in inherited)} (as its data source says)")
    return [("Read as", Text("; ".join(facts)))] if facts else []


def _waiting_facts(request: Document) -> list[tuple[str, RenderableType]]:
    waits = request["waiting"]
    if waits is None:
        return []
    since = f" (since {_minute(waits['since'])} UTC)" if waits["since"] else ""
    return [("Waits", Text(f"{waits['message']}{since}"))]


def _progress_facts(request: Document) -> list[tuple[str, RenderableType]]:
    """The duration, once it has ended, and the corrections; empty for an undone request."""
    facts = {"Corrects": request["parent_id"] or ""}
    if request["status"] != "REVERTED":
        facts["Took"] = _duration(request)
        text = corrections_text(request)
        facts["Corrected"] = "" if text == NOTHING_CORRECTED else text
    return [(label, Text(text)) for label, text in facts.items() if text]


NOTHING_CORRECTED = "nothing is corrected"
AGAIN = "Run with --force to ingest it again."


def duplicate_text(request: Document) -> str:
    """The message about a file that led to this request before."""
    what = "ingested" if request["status"] == "COMPLETED" else "uploaded"
    when = _minute(request["accepted_at"])
    ignored = ", ".join(request["not_notified"])
    nobody_new = f" No e-mails about it go to {ignored}." if ignored else ""
    return f"This file was {what} on {when} UTC as {request['request_id']}.{nobody_new} {AGAIN}"


def corrections_text(request: Document) -> str:
    """The message about the corrections by a request's children."""
    totals = request["corrections"]
    if not totals:
        return NOTHING_CORRECTED
    parts = []
    if request["rows_rejected"]:
        corrected, left = totals["rejects_corrected"], totals["rejects_left"]
        of_all = counted(corrected + left, "reject")  # without lines of totals, which nobody corrects
        parts.append(f"{corrected:,} of {of_all}, {f'{left:,}' if left else 'none'} left")
    if totals["rows_without_line"]:
        parts.append(f"{counted(totals['rows_without_line'], 'row')} without penstock_line, which may correct some")
    if totals["dropped_corrected"] or totals["dropped_again"]:
        has = "has" if totals["dropped_corrected"] == 1 else "have"
        parts.append(f"{counted(totals['dropped_corrected'], 'row')} {has} the cells now that were dropped")
        if totals["dropped_again"]:
            parts.append(f"{counted(totals['dropped_again'], 'row')} lost cells again")
    if parts or not totals["rows_ingested"]:
        return "; ".join(parts) or NOTHING_CORRECTED
    return f"{counted(totals['rows_ingested'], 'row')} ingested"


def counted(count: int, what: str) -> str:
    """`2,000 rows`, or `1 row`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def requests_view(requests: Sequence[Document], *, is_filtered: bool = False) -> RenderableType:
    """One line per request, or several on a narrow terminal."""
    wide = table_of("!accepted", "!request", "!source", "!file", "!status", ">rows", ">rejected")
    narrow = table_of("!request", "!accepted", ">rows", ">rejected")
    blocks = []
    for each in all_printable(requests):
        accepted, status = _minute(each["accepted_at"]), _status(each["status"])
        request_id, source = each["request_id"], each["data_source"]
        file = each["file_name"] + (f" (corrects {each['parent_id']})" if each["parent_id"] else "")
        counts = f"{each['rows_read']:,}", f"{each['rows_rejected']:,}"
        wide.add_row(accepted, request_id, source, file, status, *counts)
        narrow.add_row(f"{request_id}\n{source}, {file}", Text.assemble(accepted, "\n", status), *counts)
        rows = f"{counts[0]} rows, {counts[1]} rejected"
        blocks.append(block(request_id, Text.assemble(status, f", {accepted}"), f"{source}, {file}", rows))
    if not requests:
        return Text("No request fits the filters." if is_filtered else "There are no requests yet.")
    return Fitting(wide, narrow, Group(*blocks))


def records_view(records: Sequence[Mapping[str, Any]], *columns: str) -> RenderableType:
    """Records as a table of the given fields, of which one with the prefix ~ has sentences; on a narrow terminal, as
    one block per record."""
    table = table_of(*(f"{'' if column[0] == '~' else '!'}{column.replace('_', ' ')}" for column in columns))
    columns = tuple(column.lstrip("~") for column in columns)
    labels = [column.replace("_", " ") for column in columns]
    blocks = []
    for record in records:
        cells = [printable(_plain(column, record[column])) for column in columns]
        table.add_row(*cells)
        labelled = [f"{label} {cell}" for label, cell in zip(labels, cells, strict=True) if cell]
        blocks.append(block(cells[0], *labelled[1:]))
    return Fitting(table, Group(*blocks)) if blocks else Text("There are none yet.")


def _plain(column: str, value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, str) and column.endswith("_at"):
        return _minute(value)
    return "" if value is None else value


def _minute(time: str) -> str:
    return time[:16].replace("T", " ")


def table_of(*headings: str) -> Table:
    """A table without lines. A heading with the prefix > has a column of numbers, with ! one that is never folded, with
    ~ one of sentences."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim", show_edge=False, padding=(0, 1))
    for heading in headings:
        is_number, no_wrap = heading.startswith(">"), heading.startswith("!")
        min_width = _MIN_SENTENCE_WIDTH if heading.startswith("~") else None
        table.add_column(
            heading.lstrip(">!~"),
            justify="right" if is_number else "left",
            overflow="fold",
            no_wrap=no_wrap,
            min_width=min_width,
        )
    return table


def facts_view(facts: Iterable[tuple[str, RenderableType]]) -> RenderableType:
    """Labels and values: side by side, or one above the other if a word would be broken."""
    facts = list(facts)
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in facts:
        grid.add_row(label, value)
    return Fitting(grid, stacked(facts))


def text_facts_view(facts: Iterable[tuple[str, str]]) -> RenderableType:
    """As `facts_view`, of texts made `printable`; blank ones are left out."""
    return facts_view((label, Text(printable(text))) for label, text in facts if text)


def commands_view(commands: Sequence[tuple[str, str]]) -> RenderableType:
    """Labels and commands; a command is broken only where a shell reads on, so it can be copied."""
    lines = [(label, command_lines(command)) for label, command in commands]
    below = stacked((label, Group(*map(Unbroken, each))) for label, each in lines)
    if any(len(each) > 1 for _, each in lines):
        return below  # a grid would add spaces after the backslashes
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(no_wrap=True, min_width=max(len(command) for _, command in commands))
    for label, command in commands:
        grid.add_row(label, command)
    return Fitting(grid, below)


def renamed_text(renamed: Mapping[str, str]) -> str:
    """New names of columns by those in the file, on one line."""
    return ", ".join(f"{name!r} to {new}" for name, new in renamed.items())


def reasons_view(reasons: Mapping[str, int]) -> RenderableType:
    table = table_of(">rows", "!reason", "meaning")
    for code, rows in sorted(reasons.items(), key=lambda item: (-item[1], item[0])):
        meaning = reason_of(code).message
        table.add_row(f"{rows:,}", code, "" if meaning == code else meaning)
    return Group(Text(), table)


def _dropped_view(dropped: Mapping[str, int]) -> RenderableType:
    """The number of dropped cells, and the columns that have most of them."""
    columns = sorted(dropped.items(), key=lambda item: (-item[1], item[0]))
    listed = [f"{printable(column)} {cells:,}" for column, cells in columns[:_MAX_DROPPING_LISTED]]
    left = len(columns) - len(listed)
    more = f", and {counted(left, 'more column')}" if left else ""
    return Group(Text(), Text(f"{_cells(sum(dropped.values()))} dropped: {', '.join(listed)}{more}"))


def _cells(count: int) -> str:
    return f"{count:,} {'cell' if count == 1 else 'cells'}"


def _mails_view(recipients: Sequence[Document]) -> RenderableType:
    """The e-mails of each recipient, and their problems."""
    lines = [Text()]
    for each in recipients:
        mails = ", ".join(f"{mail['status']} {mail['state'].replace('_', ' ')}" for mail in each["mails"])
        lines.append(Text(f"E-mails to {each['address']} ({each['level']}): {mails or 'none yet'}"))
    lines += [Text(problem[:1].upper() + problem[1:], style="yellow") for problem in mail_problems(recipients)]
    return Group(*lines)


def mail_problems(recipients: Sequence[Document]) -> list[str]:
    """The problems of e-mails with their hints, each once."""
    problems = [each["problem"] for each in recipients if each.get("problem")]
    return list(dict.fromkeys(f"{problem['message']}. {problem['hint']}" for problem in problems))


def _error_view(error: Document) -> RenderableType:
    faults = [
        (_where(fault.get("column"), fault.get("position")), fault["message"], fault["hint"])
        for fault in error["faults"]
    ]
    lines = [f"{where}{': ' if where else ''}{message} {hint}" for where, message, hint in faults] or [error["detail"]]
    return Group(Text(), *(Text(printable(line), style="red") for line in lines))


def _held_view(held: Document) -> RenderableType:
    lines = [Text(held["message"], style="yellow"), Text(held["hint"], style="dim")]
    if held["until"]:
        lines.append(Text(f"Held until {_minute(held['until'])} UTC", style="dim"))
    return Group(Text(), *lines)


def _rejects_left(request: Document) -> bool:
    return request["corrections"] is None or request["corrections"]["rejects_left"] > 0


def _dropped_left(request: Document) -> bool:
    return request["corrections"] is None or request["corrections"]["dropped_left"] > 0


def _next_steps(request: Document, where: str, again: str = "") -> list[tuple[str, str]]:
    """The label and the command of each step."""
    request_id, status = request["request_id"], request["status"]
    steps = []
    if status in ("SCHEDULED", "IN_PROGRESS"):
        steps.append(("Follow", f"penstock watch {request_id}{where}"))
    if request["rows_rejected"] and _rejects_left(request) and status in ("COMPLETED", "FAILED", "HELD"):
        file = reject_file_name(request["file_name"], request_id)
        steps.append(("Get rejects", f"penstock rejects {request_id}{where} --output {file}"))
        if status == "COMPLETED" or (status == "FAILED" and request["parent_id"]):
            steps.append(("Resubmit", f"penstock resubmit {request_id} {file}{where}"))
    if status == "HELD":
        steps.append(("Approve", f"penstock approve {request_id}{where}"))
        steps.append(("Cancel", f"penstock cancel {request_id}{where}"))
    if request["dropped_cells"] and _dropped_left(request) and status in ("COMPLETED", "FAILED", "HELD"):
        file = dropped_file_name(request["file_name"], request_id)
        steps.append(("Get dropped", f"penstock rejects {request_id}{where} --dropped --output {file}"))
        if status == "COMPLETED":
            steps.append(("Send them back", f"penstock resubmit {request_id} {file}{where}"))
    if status == "COMPLETED":
        steps.append(("Undo", f"penstock undo {request_id}{where}"))
    if again and status in ("COMPLETED", "FAILED"):
        steps.append(("Then ingest" if status == "COMPLETED" else "Ingest again", printable(again)))
    return steps


def _where(column: str | None, position: int | None) -> str:
    """A column's name and number, if they are known."""
    return " ".join(part for part in (printable(column or ""), f"({position})" if position else "") if part)


def _status(status: str) -> Text:
    return Text(status, style=_STATUS_STYLES.get(status, "cyan"))


def _file(request: Document) -> str:
    size = f", {decimal(request['bytes'])}" if request["bytes"] else ""
    return f"{printable(request['file_name'])} for {request['data_source']}, {request['mode']}{size}"


def _rows(request: Document) -> str:
    read, accepted, rejected = (f"{request[f'rows_{kind}']:,}" for kind in ("read", "accepted", "rejected"))
    return f"{read} read = {accepted} {_ACCEPTED.get(request['status'], 'valid, not ingested')} + {rejected} rejected"


def _duration(request: Document) -> str:
    seconds = duration_seconds(request)
    if seconds is None:
        return ""
    rate = f", {request['rows_read'] / seconds:,.0f} rows/s" if seconds else ""
    return f"{seconds:,.2f} s{rate}"


def duration_seconds(request: Document) -> float | None:
    """The seconds from acceptance to the end; None before the end."""
    if request["finished_at"] is None:
        return None
    accepted, finished = (datetime.fromisoformat(request[name]) for name in ("accepted_at", "finished_at"))
    return (finished - accepted).total_seconds()
