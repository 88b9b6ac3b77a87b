"""The form of a data source: it changes what a person has changed in it, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.catalog.data_source import DataSource, UploadDefaults
from penstock.domain.errors import Refused
from penstock.domain.files.encodings import ENCODINGS
from penstock.domain.mapping.mapping import Mode
from penstock.domain.requests.recipients import MailLevel, Recipient
from services.uploader.console.entered import beginning
from services.uploader.console.source_form import change_of, form_of, in_megabytes

truth = st.sampled_from([None, True, False])
recipients = st.sampled_from(
    [(), (Recipient("ann@example.com"),), (Recipient("a@example.com", MailLevel.END), Recipient("b@example.com"))]
)
defaults = st.builds(
    UploadDefaults,
    mode=st.sampled_from([None, *Mode]),
    notify=recipients,
    max_rejects=st.sampled_from([None, "5%", "100"]),
    max_file_bytes=st.none() | st.integers(1, 10**12),
    encoding=st.sampled_from([None, *ENCODINGS]),
    clean_headers=truth,
    quoted=truth,
)


@given(defaults)
def test_a_form_that_is_sent_back_as_it_is_changes_nothing(settings: UploadDefaults) -> None:
    source = DataSource(name="crm", display_name="CRM", description="two\nlines", owner="us", defaults=settings)
    assert change_of(form_of(source)).applied(source) == source


@pytest.mark.parametrize("text", ["big", "0", "-1", "1e9", "nan", "1.0000001"])
def test_a_text_that_is_no_size_is_refused_in_megabytes(text: str) -> None:
    with pytest.raises(Refused) as refused:
        change_of(beginning({"max_file_mb": text})).applied(DataSource(name="crm"))
    (fault,) = in_megabytes(refused.value).faults
    assert (fault.code, fault.hint) == ("invalid_max_file_bytes", "Write a number of MB, such as 40.")


@given(st.integers(1, 10**12))
def test_a_size_with_separators_is_read(count: int) -> None:
    written = f"{count // 10**6:,}.{count % 10**6:06}"
    changed = change_of(beginning({"max_file_mb": written})).applied(DataSource(name="crm"))
    assert changed.defaults.max_file_bytes == count
