"""docs/sizes.md has the table that the benchmark makes, and no partition but the one that it warns of is too large."""

from __future__ import annotations

from pathlib import Path

from benchmarks.partitions import partitions, table

PAGE = Path("docs/sizes.md")
MOST_MEGABYTES = 100


def test_the_page_has_the_reckoned_table() -> None:
    page = PAGE.read_text("utf-8").splitlines()
    lines = list(table())
    start = page.index(lines[0])
    assert page[start : start + len(lines)] == lines


def test_only_fragments_in_too_few_buckets_pass_the_limit() -> None:
    assert [each.what for each in partitions() if each.megabytes > MOST_MEGABYTES] == [
        "a bucket of a week with a full file a day, `PENSTOCK_BUCKET_BITS=12`"
    ]
