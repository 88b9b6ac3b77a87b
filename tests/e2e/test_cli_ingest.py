"""`penstock ingest` as a person uses it: the manual's example, several files and sources, replace, undo, kills."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from services.cli.ingesting import STALL_TIMEOUT_SECONDS
from tests.support.command_line import CommandLine, Ran

REQUEST_FIELDS = {
    *(
        "request_id",
        "tenant_id",
        "data_source",
        "file_name",
        "uploaded_by",
        "status",
        "mode",
        "segment",
        "as_of",
        "notify",
    ),
    *(
        "mapping_version",
        "bytes",
        "upload_started_at",
        "accepted_at",
        "started_at",
        "finished_at",
        "max_rejects",
        "chunks_done",
        "chunks_total",
    ),
    *(
        "rows_read",
        "rows_accepted",
        "rows_ingested",
        "rows_rejected",
        "reject_reasons",
        "dropped_cells",
        "blank_words",
        "file_options",
    ),
    *("parent_id", "corrections", "replaced_by", "held_at", "held", "waiting", "error", "eta_seconds"),
}


@pytest.fixture
def cli(penstock_command: list[str], tmp_path: Path) -> CommandLine:
    return CommandLine(penstock_command, tmp_path)


def rows(*cells: str) -> str:
    return "crmid\temail\tcity\n" + "".join(cell + "\n" for cell in cells)


def test_the_example_of_the_manual(cli: CommandLine) -> None:
    content = "crmid\tphone\tpreferences\tslot_num\tnotes\n00042\t+31 20 123 4567\toutdoor\t007\tnone\n"
    maps = ["crmid=crmid!", "phone=hm:pii", "preferences=cross_sell_product", "slot_num=slot"]
    ran = cli.ingest(content, maps=maps)
    assert (ran.code, ran.document["status"]) == (0, "COMPLETED")
    listed = {"created_attributes", "unmapped_columns", "left_out_columns", "renamed_columns", "warnings"}
    assert ran.document.keys() == REQUEST_FIELDS | listed | {"duplicate", "not_notified"}
    assert ran.document["created_attributes"] == ["hm", "cross_sell_product", "slot"]
    assert ran.document["unmapped_columns"] == ["notes"]
    assert (ran.document["rows_read"], ran.document["bytes"]) == (1, len(content))
    values = {"crmid": "00042", "hm": "+31 20 123 4567", "cross_sell_product": "outdoor", "slot": "007"}
    masked = cli.run("profile", "crmid", "00042", "--lineage", "--json").document
    assert masked["identifiers"] == [{"namespace": "crmid", "value": "00042"}]
    assert masked["attributes"] == {**values, "hm": "***"}
    origin = {"request_id": ran.document["request_id"], "file_name": "people.tsv", "row": 2}
    assert masked["lineage"] == dict.fromkeys(values, origin)
    revealed = cli.run("profile", "crmid", "00042", "--reveal", "--json").document
    assert revealed == {"identifiers": masked["identifiers"], "attributes": values}


def test_values_are_taken_as_people_write_them(cli: CommandLine) -> None:
    content = (
        "crmid\tborn\ttel\tland\tspend\tnews\n"
        "C1\t1 mei 1980\t020 7946 0958\tGroot-Brittannië\t€ 1.234,50\tJa\n"
        "C2\t1980-05-01\t020 123 4567\t\t-12\tnee\n"
        "C3\t31/31/1980\t020 123 4567\tBelgië\t1.23,4\tyes\n"
    )
    maps = [
        "crmid=crmid!",
        "born=birth_date:date(d MMMM yyyy[nl]|yyyy-MM-dd)",
        "tel=phone:phone(@land|NL)",
        "spend=spend:decimal(1.234,56)",
        "news=email_opt_in:boolean(ja|nee)",
    ]
    ran = cli.ingest(content, maps=maps)
    assert (ran.document["rows_ingested"], ran.document["rows_rejected"]) == (2, 1)
    assert ran.document["unmapped_columns"] == []
    born = {"birth_date": "1980-05-01"}
    assert cli.profile("crmid", "C1") == {
        **born,
        "crmid": "C1",
        "email_opt_in": True,
        "phone": "+442079460958",
        "spend": "1234.50",
    }
    assert cli.profile("crmid", "C2") == {
        **born,
        "crmid": "C2",
        "email_opt_in": False,
        "phone": "+31201234567",
        "spend": "-12",
    }
    rejects = cli.run("rejects", ran.document["request_id"]).stdout
    for reason in ("not_a_date", "not_a_phone", "not_a_decimal", "not_a_boolean"):
        assert f"({reason})" in rejects
    without_land = cli.ingest("crmid\tborn\ttel\tspend\tnews\nC4\t\t\t\t\n", maps=maps)
    assert without_land.fault_codes == ["unknown_mapped_column"]


def test_formats_are_given_with_the_columns(cli: CommandLine) -> None:
    content = "crmid\tborn\tseen\ttel\ttier\nC1\t31/01/1980\t2024-01-31 09:30\t020 123 4567\tgold\n"
    maps = [
        "crmid=crmid!",
        "born=born:pii:date(dd/MM/yyyy)",
        "seen=seen:datetime(yyyy-MM-dd HH:mm)",
        "tel=tel:pii:phone(NL)",
        "tier=tier:enum(gold|silver)",
    ]
    assert cli.ingest(content, maps=maps).code == 0
    assert cli.profile("crmid", "C1") == {
        "born": "1980-01-31",
        "crmid": "C1",
        "seen": "2024-01-31T09:30:00",
        "tel": "+31201234567",
        "tier": "gold",
    }


def test_a_built_in_attribute_accepts_another_input_format(cli: CommandLine) -> None:
    content = "crmid\tborn\ttel\nC1\t31/01/1980\t020 123 4567\n"
    maps = ["crmid=crmid!", "born=birth_date:date(dd/MM/yyyy)", "tel=phone:phone(NL)"]
    assert cli.ingest(content, maps=maps).document["created_attributes"] == []
    assert cli.profile("crmid", "C1") == {"birth_date": "1980-01-31", "crmid": "C1", "phone": "+31201234567"}


def test_the_saved_mapping_serves_the_next_file(cli: CommandLine) -> None:
    assert cli.ingest(rows("C1\t\tUtrecht")).code == 0
    assert cli.ingest(rows("C1\t\tGouda"), maps=()).code == 0
    assert cli.profile("crmid", "C1")["city"] == "Gouda"


def test_a_personal_built_in_attribute_stays_personal(cli: CommandLine) -> None:
    cli.ingest(rows("C1\ta@example.com\tUtrecht"))
    masked = cli.run("profile", "crmid", "C1", "--json").document["attributes"]
    assert masked == {"city": "Utrecht", "crmid": "C1", "email": "***"}


def test_policies_apply_to_blanks_and_second_values(cli: CommandLine) -> None:
    policies = ("--policy", "city=clear_on_blank", "--policy", "first=keep_first")
    maps = ["crmid=crmid!", "city=city", "first=first", "plain=plain"]
    header = "crmid\tcity\tfirst\tplain\n"
    cli.ingest(header + "C1\tUtrecht\tone\tone\n", *policies, maps=maps)
    cli.ingest(header + "C1\t\ttwo\t\n", *policies, maps=maps)
    assert cli.profile("crmid", "C1") == {"crmid": "C1", "first": "one", "plain": "one"}


def test_several_sources_meet_in_one_person(cli: CommandLine) -> None:
    cli.ingest(rows("C1\ta@example.com\tUtrecht"), maps=["crmid=crmid!", "email=email!", "city=city"])
    cli.ingest("mail\tltv\nA@EXAMPLE.COM\t12.50\n", source="shop", maps=["mail=email!", "ltv=ltv"])
    assert {"city": "Utrecht", "ltv": "12.50"}.items() <= cli.profile("crmid", "C1").items()
    found = cli.run("profile", "email", "a@example.com", "--lineage", "--json").document
    assert found["lineage"]["city"]["request_id"] != found["lineage"]["ltv"]["request_id"]


def test_replace_and_undo(cli: CommandLine) -> None:
    cli.ingest(rows("C1\ta@example.com\tUtrecht", "C2\t\tGouda"))
    cli.ingest("crmid\ttier\nC2\tgold\n", source="shop", maps=["crmid=crmid!", "tier=loyalty_tier"])
    refused = cli.ingest("crmid\temail\n", "--mode", "replace")
    assert refused.code == 1
    assert cli.profile("crmid", "C1")["city"] == "Utrecht", "a replacement that was refused has removed something"
    replaced = cli.ingest(rows("C1\t\tDelft"), "--mode", "replace")
    assert (replaced.code, replaced.document["mode"]) == (0, "replace")
    assert cli.profile("crmid", "C1") == {"city": "Delft", "crmid": "C1"}
    assert cli.profile("crmid", "C2") == {"crmid": "C2", "loyalty_tier": "gold"}
    undone = cli.run("undo", replaced.document["request_id"], "--json")
    assert (undone.code, undone.document["status"]) == (0, "REVERTED")
    assert cli.profile("crmid", "C1") == {"city": "Utrecht", "crmid": "C1", "email": "a@example.com"}
    assert cli.profile("crmid", "C2") == {"city": "Gouda", "crmid": "C2", "loyalty_tier": "gold"}


def many(count: int) -> str:
    return rows(*(f"C{n}\tc{n}@example.com\tcity {n}" for n in range(count)))


@pytest.mark.parametrize(
    "failpoint",
    ["uploader.request_created:1", "dispatcher.chunk_sent:1", "worker.after_upsert:2", "tracker.state_stored:2"],
)
def test_a_killed_command_run_again_continues(cli: CommandLine, failpoint: str) -> None:
    content, small = many(3000), {"PENSTOCK_CHUNK_BYTES": "20000"}
    killed = cli.ingest(content, PENSTOCK_FAILPOINT=failpoint, **small)
    assert killed.code == -signal.SIGKILL
    (unfinished,) = cli.run("requests", "--json").document["requests"]
    again = cli.ingest(content, **small)
    assert (again.code, again.document["status"]) == (0, "COMPLETED")
    assert again.document["request_id"] == unfinished["request_id"]
    assert again.stderr.count(f"Continuing {unfinished['request_id']}") == 1
    assert again.document["rows_ingested"] == again.document["rows_read"] == 3000
    assert cli.profile("crmid", "C2999")["city"] == "city 2999"
    same = cli.ingest(content, **small)
    assert (same.code, same.document["request_id"], same.document["duplicate"]) == (0, unfinished["request_id"], True)
    assert f"as {unfinished['request_id']}. Run with --force to ingest it again." in same.stderr
    another = cli.ingest(content, "--force", **small)
    assert "Continuing" not in another.stderr
    assert another.document["request_id"] != unfinished["request_id"], "a finished request was taken up again"


def test_an_interrupted_ingest_reports_that_and_continues_when_run_again(cli: CommandLine) -> None:
    path = cli.file(many(3_000))
    arguments = ("ingest", path, "--source", "crm", "--map", "crmid=crmid!", "--map", "email=email", "--json")
    chunks = {"PENSTOCK_CHUNK_BYTES": "20000", "PENSTOCK_WORKERS": "0"}
    process = cli.start(*arguments, **chunks, PENSTOCK_FAILPOINT="worker.before_upsert:2:stop")
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGCONT)
    stdout, stderr = process.communicate()
    document = json.loads(stdout)
    assert (process.returncode, document["error"]["code"], document["status"]) == (130, "interrupted", "IN_PROGRESS")
    assert "Run the same command again" in stderr
    again = cli.run(*arguments)
    assert (again.code, again.document["request_id"]) == (0, document["request_id"])
    assert again.document["rows_ingested"] == 3_000


@pytest.mark.parametrize(
    ("failpoint", "parts"),
    [
        ("dispatcher.began:1:raise", {"penstock.dispatchers", "dispatching"}),  # whichever finds the request first
        ("worker.progress_sent:1:raise", {"penstock.workers"}),
    ],
)
def test_a_part_that_fails_ends_the_command_at_once_and_it_goes_on_when_it_is_run_again(
    cli: CommandLine, failpoint: str, parts: set[str]
) -> None:
    content, small = many(3000), {"PENSTOCK_CHUNK_BYTES": "20000"}
    began = time.monotonic()
    failed = cli.ingest(content, PENSTOCK_FAILPOINT=failpoint, **small)
    assert time.monotonic() - began < STALL_TIMEOUT_SECONDS
    request_id = failed.document["request_id"]
    assert (failed.code, failed.document["error"]["code"]) == (70, "internal")
    assert failed.document["error"]["detail"] in {
        f"the part {part} has failed with FailpointError: see the log; "
        f"run the same command again to continue {request_id}"
        for part in parts
    }
    assert failed.stderr.count('"event": "part.failed"') == 1
    again = cli.ingest(content, **small)
    assert (again.code, again.document["request_id"]) == (0, request_id)


FAULTY_OPTIONS = {
    "no form": (["--map", "crmid"], ["invalid_map"]),
    "no such format": (["--map", "crmid=crmid!", "--map", "city=town:colour"], ["unknown_format"]),
    "all at once": (
        ["--map", "crmid", "--map", "a=B", "--policy", "city=keep"],
        ["invalid_map", "invalid_name", "invalid_policy"],
    ),
    "a policy of another column": (["--map", "crmid=crmid!", "--policy", "city=keep_first"], ["column_not_mapped"]),
    "no mapping at all": ([], ["no_mapping"]),
    "a segment that cannot be one": (["--map", "crmid=crmid!", "--segment", "Big Spenders"], ["invalid_name"]),
}


@pytest.mark.parametrize("name", FAULTY_OPTIONS)
def test_options_that_cannot_be_used(cli: CommandLine, name: str) -> None:
    options, codes = FAULTY_OPTIONS[name]
    ran = cli.run("ingest", cli.file(rows("C1\t\tUtrecht")), "--source", "crm", *options, "--json")
    assert (ran.code, ran.document["status"], ran.document["request_id"]) == (2, "FAILED", None)
    assert ran.fault_codes == codes


def test_mapping_and_header_are_checked_together_and_nothing_is_created(cli: CommandLine) -> None:
    content = "crmid\tcity-name\tborn\tborn\nC1\tUtrecht\t1980-01-31\t\n"
    ran = cli.ingest(content, maps=["crmid=hm:pii", "born=birth_date:integer"])
    assert ran.code == 1
    assert {"attribute_exists", "hyphen_in_column_name", "duplicate_column_name"} <= set(ran.fault_codes)
    assert cli.run("attribute", "list", "--custom", "--json").document["attributes"] == []
    assert cli.run("source", "list", "--json").document["data_sources"] == []


def unusable(cli: CommandLine, path: Path) -> Ran:
    return cli.run("ingest", path, "--source", "crm", "--map", "crmid=crmid!", "--json")


def test_a_file_that_is_not_there_or_is_a_folder(cli: CommandLine) -> None:
    for path, code in ((cli.folder / "none.tsv", "file_not_found"), (cli.folder, "is_a_folder")):
        ran = unusable(cli, path)
        assert (ran.code, ran.fault_codes, ran.document["status"]) == (2, [code], "FAILED")


def test_a_data_folder_that_is_a_file(cli: CommandLine) -> None:
    path = cli.file(rows("C1\t\tUtrecht"))
    cli.data.write_text("not a folder")
    ran = unusable(cli, path)
    assert (ran.code, ran.fault_codes) == (2, ["path_not_usable"])
    assert f"{str(cli.data)!r} is a file, but a folder is needed" in ran.document["error"]["detail"]


def test_the_key_file_of_another_folder_opens_nothing(cli: CommandLine) -> None:
    path = cli.file(rows("C1\t\tUtrecht"))
    assert unusable(cli, path).code == 0
    (cli.data / "keys.json").unlink()
    gone = unusable(cli, path)
    assert (gone.code, gone.fault_codes) == (1, ["key_file_missing"])
    other = CommandLine(cli.command, cli.folder / "other")
    other.folder.mkdir()
    assert unusable(other, path).code == 0
    shutil.copy(other.data / "keys.json", cli.data / "keys.json")
    wrong = unusable(cli, path)
    assert (wrong.code, wrong.document["status"]) == (3, "FAILED")
    assert "Utrecht" not in gone.stderr + wrong.stderr


def test_the_output_for_a_person_has_the_result_and_the_next_commands(cli: CommandLine) -> None:
    path = cli.file(rows("C1\t\tUtrecht", "C2"))
    ran = cli.run("ingest", path, "--source", "crm", "--map", "crmid=crmid!", "--map", "city=town")
    assert ran.code == 0
    for part in (
        "COMPLETED",
        "2 read = 1 ingested + 1 rejected",
        "wrong_field_count",
        "penstock rejects ",
        "town",
        "email",
    ):
        assert part in ran.stdout
    assert not ran.stdout.startswith("{")
    assert json.loads(cli.run("requests", "--json").stdout)["requests"][0]["request_id"] in ran.stdout


def test_a_terminal_shows_a_bar_with_rows_and_pace(cli: CommandLine) -> None:
    path, (ours, theirs) = cli.file(many(3000)), pty.openpty()
    command = [*cli.command, "ingest", str(path), "--source", "crm", "--map", "crmid=crmid!"]
    environment = cli.environment(TERM="xterm", PENSTOCK_CHUNK_BYTES="20000")
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    displayed = "".join(iter(lambda: read_terminal(ours), ""))
    os.close(ours)
    assert process.wait() == 0
    assert re.search(r"Completed +.*100 %.* 3,000 rows +[0-9,]+ rows/s", displayed)


def read_terminal(terminal: int) -> str:
    """What is written next; nothing when the other side is closed, which Linux reports as an input error."""
    try:
        return os.read(terminal, 4096).decode(errors="replace")
    except OSError:
        return ""
