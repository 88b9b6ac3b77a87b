"""The documentation says what the code does: every name on a page is there, and everything there is on a page.

A failure names what is missing on either side. Nothing is generated, so that a page can say things in its own words.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
from collections.abc import Iterable
from contextlib import closing
from functools import cache
from pathlib import Path

import msgspec
import pytest
import typer
from prometheus_client import generate_latest

from penstock import failpoints
from penstock.application.encryption.key_ring import Purpose
from penstock.config import PREFIX, Settings
from penstock.domain import events
from penstock.domain.access.permissions import Permission, Role
from penstock.domain.files import column_names
from penstock.domain.mapping.attributes import ValueType, parse_format
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.coercion import REASONS, CoercionError, coercer
from penstock.domain.mapping.mapping import Limits, Mode, WritePolicy
from penstock.domain.profiles.junk_identifiers import JUNK_IDENTIFIER
from penstock.domain.requests.request import Status
from penstock.ports.control_store import Table
from penstock.runner.health_server import metrics_of
from penstock.runner.supervisor import Supervisor
from penstock.wiring import embedded
from services.cli.command_list import COMMANDS
from services.cli.failures import ExitCode
from services.cli.main import application
from services.uploader.api.app import document
from services.uploader.api.metrics import Metrics
from services.uploader.api.problems import STATUS, status_of
from tests.support import documents
from tests.support.access import create_key
from tests.support.documents import PAGES, ROOT, argument_of, code_lines, inline_code, sources, table, text_of
from tests.support.http_system import serving
from tests.support.variables import OF_CLUSTER, SECTIONS

FILES, ERRORS, SETTINGS, HTTP = "docs/files.md", "docs/errors.md", "docs/settings.md", "docs/http-api.md"
ARCHITECTURE, OPERATING, GUARANTEES = "docs/architecture.md", "docs/operations.md", "docs/guarantees.md"
ROW_READERS = (
    "penstock/domain/files/rows.py",
    "penstock/domain/files/tabular_format.py",
    "penstock/domain/ingestion/valid_rows.py",
    "services/row_processor/worker.py",
)
PLACE = re.compile(r"(?:penstock|services|tests|schemas|docs|deploy|benchmarks)/[\w./-]+(?:::[\w.:]+)?")
CALL = re.compile(r"(GET|POST|PUT|DELETE) (/\S+)")
BOUNDS = [
    tuple(row[:2])
    for page in PAGES
    for (_, head), rows in documents.tables(page).items()
    if head == "constant"
    for row in rows
]
URL = re.compile(r"\$PENSTOCK_URL(/[^\s\"]+)")


def column(page: str, heading: str, head: str, place: int = 0) -> list[str]:
    return [row[place] for row in table(page, heading, head)]


def numbers(cells: Iterable[str]) -> list[str]:
    return [cell.replace(",", "") for cell in cells]


# -- places, links and commands --


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    lost = []
    for link in documents.links(page):
        path, _, anchor = link.partition("#")
        if link.startswith(("https://", "mailto:")):
            continue
        target = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        name = target.relative_to(ROOT).as_posix()
        if not target.exists() or (anchor and anchor not in documents.anchors(name)):
            lost.append(link)
    assert lost == []


def test_every_page_is_linked_from_the_readme() -> None:
    pages = {page for page in PAGES if page.startswith("docs/") and not page.startswith("docs/decisions/0")}
    assert pages - {link.partition("#")[0] for link in documents.links("README.md")} == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_file_function_and_test_that_is_named_is_there(page: str) -> None:
    places = [code for code in inline_code(page) if PLACE.fullmatch(code)]
    assert [place for place in places if not documents.has_place(place)] == []


def test_a_place_that_is_not_there_is_noticed() -> None:
    assert documents.has_place("penstock/domain/requests/request.py::Status.ended")
    assert not documents.has_place("penstock/domain/requests/request.py::Status.gone")
    assert not documents.has_place("penstock/domain/gone.py")


@pytest.mark.parametrize("page", PAGES)
def test_every_command_that_is_shown_is_one(page: str) -> None:
    for arguments in documents.commands(page):
        if arguments and arguments not in (["--help"], ["--version"]):
            check_command(arguments)


def check_command(arguments: list[str]) -> None:
    """Raises what the command line itself would; `…` stands for whatever else there may be."""
    command = typer.main.get_command(application(arguments[0]))
    while arguments and (below := getattr(command, "commands", None)):
        command, arguments = below[arguments[0]], arguments[1:]
    if not arguments:
        return
    known = {option for each in command.params for option in each.opts} | {"--help"}
    assert {part for part in arguments if part.startswith("-")} <= known, arguments
    if "…" not in arguments and "--help" not in arguments:
        command.make_context("penstock", arguments)


@pytest.mark.parametrize("wrong", [["ingest", "--sauce", "crm"], ["sink"], ["key", "create", "--role", "king"]])
def test_a_command_that_is_none_is_noticed(wrong: list[str]) -> None:
    with pytest.raises((AssertionError, KeyError, typer.TyperException)):
        check_command(wrong)


def test_every_command_is_shown() -> None:
    displayed = {arguments[0] for page in PAGES for arguments in documents.commands(page) if arguments}
    assert set(COMMANDS) <= displayed


def test_every_target_of_make_that_is_shown_is_one() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))
    displayed = {code.split()[1] for page in PAGES for code in [*inline_code(page), *code_lines(page)] if is_make(code)}
    assert displayed <= targets
    assert "demo" in displayed


def is_make(code: str) -> bool:
    return re.match(r"make [a-z-]+", code) is not None


def test_every_decision_is_listed() -> None:
    records = {path.name for path in (ROOT / "docs/decisions").glob("[0-9]*.md")}
    assert records
    assert {link for link in documents.links("docs/decisions/README.md") if link[0].isdigit()} == records


def test_the_first_file_of_the_readme_is_ingested(penstock_command: list[str], tmp_path: Path) -> None:
    (tmp_path / "customers.tsv").write_text("crmid\tphone\tpreferences\tslot_num\nC1\t+31 20 123 4567\tgarden\t7\n")
    displayed = next(each for each in documents.commands("README.md") if each[:1] == ["ingest"] and "--map" in each)
    ran = subprocess.run([*penstock_command, *displayed, "--json"], cwd=tmp_path, capture_output=True, check=False)
    document = json.loads(ran.stdout.splitlines()[-1])
    assert (ran.returncode, document["status"], document["rows_ingested"]) == (0, "COMPLETED", 1)


# -- codes --


def error_codes() -> set[str]:
    """Every code that the source can raise or answer."""
    named = {rule[0] for rule in column_names._NAME_RULES}
    return set(argument_of("code", sources())) | named | set(STATUS)


def row_reasons() -> set[str]:
    """Every reason for which a row can be rejected: those of cells, and the words of the modules that read rows."""
    words = {text for tree in sources(*ROW_READERS).values() for text in documents.texts_in(tree) if "_" in text}
    return set(REASONS) | words | {JUNK_IDENTIFIER}


def test_every_error_code_is_documented_once() -> None:
    reported = [*column(FILES, "Refused as a whole", "code"), *documents.first_cells(ERRORS, "code")]
    assert documents.repeated(reported) == []
    assert error_codes() - set(reported) - set(REASONS) == set()
    assert set(reported) - error_codes() == set()


def test_every_reason_of_a_reject_is_documented() -> None:
    assert set(column(FILES, "Rejected rows", "code")) == row_reasons()


def test_every_http_status_is_the_one_that_is_answered() -> None:
    rows = [row for (_, head), found in documents.tables(ERRORS).items() if head == "code" for row in found]
    assert {code: reported for code, reported, *_ in rows if reported and reported != str(status_of(code))} == {}


def test_every_exit_code_is_documented() -> None:
    assert numbers(column(ERRORS, "Exit codes of the command line", "exit code")) == [str(int(c)) for c in ExitCode]


def test_every_reason_of_a_dead_letter_is_documented() -> None:
    poison = sources(
        "services/status_tracker", "services/row_processor", "penstock/application/consuming/processing.py"
    )
    reasons = {*argument_of("reason_code", sources()), *argument_of("reason", poison)}
    reported = set(column(OPERATING, "Dead letters", "reason"))
    assert reasons <= reported <= reasons | error_codes()


# -- files --


def test_every_format_is_documented() -> None:
    assert column(FILES, "Input formats", "format")[: len(ValueType)] == list(ValueType)


@pytest.mark.parametrize(("written", "cell", "becomes"), table(FILES, "Input formats", "format")[len(ValueType) :])
def test_an_example_of_a_format(written: str, cell: str, becomes: str) -> None:
    try:
        value = str(coercer(parse_format(written)).coerce_cell(cell))
    except CoercionError as error:
        value = error.code
    assert value == becomes


def test_every_format_that_is_written_can_be_read() -> None:
    written = [
        each for cell in column(FILES, "Input formats", "format", 1)[: len(ValueType)] for each in cell.split(", ")
    ]
    assert {parse_format(each).kind for each in written} == set(ValueType)


def test_every_built_in_attribute_is_documented() -> None:
    rows = [[a.name, a.display_name, str(a.format), "yes" if a.pii else ""] for a in BUILTIN.values()]
    assert table(FILES, "Built-in attributes", "name") == rows


def test_every_policy_and_mode_is_documented() -> None:
    assert column(FILES, "Blanks and write policies", "policy") == list(WritePolicy)
    assert column(FILES, "Replace and undo", "mode") == list(Mode)


def test_every_limit_is_documented() -> None:
    limits = {name: str(value) for name, value in msgspec.structs.asdict(Limits()).items()}
    assert {name: value.replace(",", "") for name, value, _ in table(FILES, "Limits", "limit")} == limits


@pytest.mark.parametrize(("place", "value"), BOUNDS)
def test_a_bound_has_the_documented_value(place: str, value: str) -> None:
    path, name = place.split("::")
    module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    assert f"{getattr(module, name):,}" == value


# -- settings, HTTP, operation --


def test_every_setting_is_documented_with_its_default() -> None:
    reported = {row[0]: row[1] for head in ("Of the system", "Of e-mail") for row in table(SETTINGS, head, "variable")}
    assert reported == defaults(PREFIX, Settings) | defaults(f"{PREFIX}SMTP_", SECTIONS["smtp"])


def test_every_setting_of_a_server_is_documented_with_its_default() -> None:
    reported = {row[0]: row[1] for row in table(SETTINGS, "Of the cluster runtime", "variable")}
    sections = (defaults(f"{PREFIX}{section.upper()}_", kind) for section, kind in OF_CLUSTER.items())
    assert reported == {name: default for section in sections for name, default in section.items()}


def defaults(prefix: str, kind: type[msgspec.Struct]) -> dict[str, str]:
    return {prefix + field.name.upper(): as_written(field) for field in msgspec.structs.fields(kind)}


def as_written(field: msgspec.structs.FieldInfo) -> str:
    """A setting's default as a variable would hold it."""
    if field.required:
        return ""
    default = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    match default:
        case bool():
            return str(default).lower()
        case tuple():
            return ",".join(default)
        case dict():
            return ",".join(f"{key}={value}" for key, value in default.items())
        case _:
            return str(default)


def test_every_variable_in_the_source_is_documented() -> None:
    pattern = re.compile(rf'"({PREFIX}[A-Z_]+)"')
    read = {name for path in sources() for name in pattern.findall(text_of(path))}
    assert read <= set(documents.first_cells(SETTINGS, "variable"))


def test_every_call_is_documented_with_its_permission() -> None:
    reported = {(row[0], row[1]) for row in table(HTTP, "All calls", "call")}
    served = {
        (f"{method.upper()} {path}", "".join(operation.get("security", [{"key": []}])[0]["key"]))
        for path, operations in document()["paths"].items()
        for method, operation in operations.items()
    }
    assert reported == served


def test_the_examples_of_the_api_run_one_after_another(tmp_path: Path) -> None:
    """`ID` is the request that the first of them made; the other options of curl are in its own configuration file."""
    (tmp_path / "customers.tsv").write_text("crmid\tphone\tslot_num\n00042\t+31 20 123 4567\t7\n00043\t\tseven\n")
    (tmp_path / ".curlrc").write_text("fail-with-body\nsilent\nshow-error\n")
    examples = [block for block in documents.code_blocks(HTTP) if block.startswith("curl ")]
    assert len(examples) > 3
    with serving(tmp_path / "data") as system:
        secret, _ = create_key(system.keys, "default", Role.ADMIN, "me")
        known = {"CURL_HOME": str(tmp_path), "PENSTOCK_URL": system.url, "PENSTOCK_API_KEY": secret}
        for example in examples:
            command = ["bash", "-euo", "pipefail", "-c", example]
            ran = subprocess.run(command, cwd=tmp_path, env={**os.environ, **known}, capture_output=True, check=False)
            assert ran.returncode == 0, (example, ran.stdout, ran.stderr)
            if "ID" not in known and b'"request_id"' in ran.stdout:
                known["ID"] = json.loads(ran.stdout)["request_id"]
        assert system.viewer.get(f"/v1/requests/{known['ID']}").json()["status"] == "REVERTED"
    reason = "slot_num: The value is not a whole number. Write digits only, such as 42 or -7 (not_an_integer)"
    assert reason in (tmp_path / "rejects.tsv").read_text()


@cache
def served() -> list[re.Pattern[str]]:
    paths = [*document()["paths"], "/openapi.json"]
    return [re.compile(re.sub(r"{\w+}", r"(?:{\\w+}|[^/:]+)", path)) for path in paths]


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_is_shown_is_served(page: str) -> None:
    displayed = [match[2] for match in map(CALL.fullmatch, inline_code(page)) if match]
    displayed += [path for line in code_lines(page) for path in URL.findall(line)]
    assert [path for path in displayed if not any(each.fullmatch(path) for each in served())] == []


def test_every_status_is_documented() -> None:
    assert column(HTTP, "Upload", "status") == list(Status)


def test_the_permissions_of_each_role_are_documented() -> None:
    rows = table(HTTP, "Keys and roles", "permission")
    documented = {role: {Permission(row[0]) for row in rows if row[at]} for at, role in enumerate(Role, 1)}
    assert documented == {role: set(role.permissions) for role in Role}


def test_every_metric_and_log_event_is_documented() -> None:
    text = generate_latest(metrics_of(Supervisor(), Metrics().registry)).decode()
    metrics = set(re.findall(r"^# TYPE (penstock_\w+)(?<!_created) ", text, re.MULTILINE))
    assert set(column(OPERATING, "Health and metrics", "metric")) == metrics
    logged = {event for path in sources() for event in re.findall(r'\blog\.\w+\(\s*"([a-z_.]+)"', text_of(path))}
    assert set(column(OPERATING, "Logs", "event")) == logged


def test_the_data_folder_has_the_documented_content(tmp_path: Path) -> None:
    with closing(embedded(Settings(data=tmp_path))):
        kept = {path.name for path in tmp_path.iterdir()}
    besides = {name for name in kept if name.endswith(("-lock", "-wal", "-shm", "-processes"))}
    assert kept - besides == set(column(OPERATING, "The data folder", "file or folder")) - {"mail"}
    assert kept - besides == set(column(ARCHITECTURE, "What is stored where", "file or folder")) - {"mail"}


# -- the map --


def test_every_table_topic_key_and_failpoint_is_on_the_map() -> None:
    topics = {value for name, value in vars(events).items() if name.isupper() and isinstance(value, str)}
    assert column(ARCHITECTURE, "What is stored where", "table") == list(Table)
    assert set(column(ARCHITECTURE, "What is stored where", "topic")) == topics
    assert column(ARCHITECTURE, "What is stored where", "purpose") == list(Purpose)
    assert column(ARCHITECTURE, "Failpoints", "failpoint") == list(failpoints.NAMES)
    reported = [code.removeprefix("name:n:") for code in inline_code(SETTINGS) if code.startswith("name:n:")]
    assert ["kill", *reported] == list(failpoints._ACTIONS)


def test_every_folder_of_tests_is_on_the_map() -> None:
    folders = {
        f"tests/{path.parent.relative_to(ROOT / 'tests').parts[0]}" for path in ROOT.glob("tests/*/**/test_*.py")
    }
    assert folders <= set(column(ARCHITECTURE, "The tests", "folder"))


def test_every_guarantee_names_a_test() -> None:
    rows = [
        row for (_, head), found in documents.tables(GUARANTEES).items() if head in ("fault", "attack") for row in found
    ]
    assert len(rows) > 20
    assert [row[0] for row in rows if "tests/" not in row[-1]] == []


def test_every_complaint_of_other_importers_names_a_test() -> None:
    rows = table("docs/console.md", "What people complain of in other importers", "complaint")
    assert len(rows) == 12
    assert [row[0] for row in rows if "::test_" not in row[-1]] == []
