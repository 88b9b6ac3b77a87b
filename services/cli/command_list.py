"""The commands of `penstock`, with the module of each and its line of --help, which is shown without loading it."""

from __future__ import annotations

from typing import NamedTuple

SERVICES = "One service each, for production"


class Command(NamedTuple):
    """`summary` is the first paragraph of the command's own help; `panel` the heading above it."""

    module: str
    summary: str
    panel: str | None = None


# In the order of --help.
COMMANDS = {
    "inspect": Command(
        "inspect_command", "Show what is in a file, and suggest a mapping from its names and values. Stores nothing."
    ),
    "ingest": Command(
        "ingest", "Ingest a file and wait until its request has ended, or is held because too many rows were rejected."
    ),
    "demo": Command(
        "demo", "Take 20,000 invented customers through the first minutes: inspect, check, ingest, correct, undo."
    ),
    "up": Command("up", "Run the whole system on this machine: API, dispatcher, workers, tracker."),
    "sign-in": Command("sign_in", "Print a link that signs you in to the console once, without an API key."),
    "upload": Command("request_commands", "Upload a file to a running system, with the current mapping of its source."),
    "requests": Command("request_listing", "List the newest requests, or those that fit every given filter."),
    "request": Command("request_commands", "Show one request, or the plan that was fixed when it was accepted."),
    "watch": Command(
        "request_commands",
        "Follow a request until it has ended or is held; the exit code is 0 only if it is COMPLETED.",
    ),
    "rejects": Command(
        "request_commands",
        "Get the rejected rows in the format of the file, with lines and reasons, to correct and to resubmit them.",
    ),
    "rejected-rows": Command(
        "rejected_rows",
        "Show the first rejected rows: why, and the cells that are the cause, masked if they may be personal.",
    ),
    "cancel": Command("request_commands", "Cancel a request that has not ended; none of its rows will count."),
    "approve": Command(
        "request_commands", "Approve a held request; its rows count from now on, except the rejected ones."
    ),
    "undo": Command(
        "request_commands", "Undo a completed request and its corrections; none of their rows count any more."
    ),
    "resubmit": Command(
        "resubmit_command", "Ingest the corrected rejects of a request as its child, and wait until that has ended."
    ),
    "profile": Command("profile", "Show one profile; personal values are masked unless revealed."),
    "source": Command("source_commands", "Data sources: named categories of uploads."),
    "attribute": Command("attribute_commands", "Attributes: the fields of a profile."),
    "mapping": Command("mapping_commands", "Mappings: which column of a source feeds which attribute."),
    "tenant": Command("tenant_commands", "Tenants: the customer organisations of an installation."),
    "key": Command("key_commands", "API keys."),
    "key-file": Command("key_file_command", "The key file of the cluster runtime."),
    "publisher": Command("publisher_commands", "Services that may offer files by events."),
    "dead-letters": Command("dead_letter_commands", "Events that cannot be handled."),
    "verify": Command(
        "verify_command",
        "Check that every record of the control store was written by Penstock, and that the key vault has all roots.",
    ),
    "migrate": Command(
        "migrate_command", "Create or upgrade keyspace, tables and topics; nothing is dropped.", SERVICES
    ),
    "uploader": Command("uploader_command", "Serve the HTTP API and accept offers from other services.", SERVICES),
    "dispatcher": Command("service_commands", "Send the chunks of uploaded files to the workers.", SERVICES),
    "worker": Command("service_commands", "Ingest chunks.", SERVICES),
    "tracker": Command(
        "service_commands", "Track the status of requests, announce changes and send e-mails.", SERVICES
    ),
}
