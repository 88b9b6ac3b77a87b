"""Dates and datetimes: only the stated pattern passes, the same in every version of Python."""

import re
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.limits import MAX_PATTERNS
from penstock.domain.mapping.attributes import ValueFormat, ValueType
from penstock.domain.mapping.coercion import CoercionError, coercer, date_patterns
from penstock.domain.mapping.coercion.dates import DateCoercer, DateTimeCoercer


@pytest.mark.parametrize(
    ("pattern", "cell", "value"),
    [
        ("", "2024-02-29", "2024-02-29"),
        ("", " 0001-01-01 ", "0001-01-01"),
        ("dd/MM/yyyy", "31/01/2024", "2024-01-31"),
        ("d.M.yyyy", "1.2.2024", "2024-02-01"),
        ("d.M.yyyy", "01.02.2024", "2024-02-01"),
        ("yyyyMMdd", "20240131", "2024-01-31"),
        ("'on 'd'''th of 'M yyyy", "on 3'th of 12 2024", "2024-12-03"),
        ("yyyy年MM月dd日", "2024年01月31日", "2024-01-31"),
        ("yyyy.*MM+dd", "2024.*01+31", "2024-01-31"),
    ],
)
def test_a_date(pattern: str, cell: str, value: str) -> None:
    assert DateCoercer(pattern).coerce_cell(cell) == value


@pytest.mark.parametrize(
    ("pattern", "cell"),
    [
        *(("", "20240131"), ("", "2024-W05-3"), ("", "2024-031"), ("", "2024-1-31"), ("", "31-01-2024")),
        *(
            ("", "2023-02-29"),
            ("", "0000-01-01"),
            ("", "２０２４-01-31"),
            ("", "2024-01-31T00:00:00"),
            ("", "2024-13-01"),
        ),
        *(("dd/MM/yyyy", "1/01/2024"), ("dd/MM/yyyy", "01/31/2024"), ("dd/MM/yyyy", "31/04/2024"), ("", "-024-01-31")),
        *(("yyyy.MM.dd", "2024x01x31"), ("dd/MM/yyyy", "31/01/24"), ("d.M.yyyy", "001.2.2024")),
    ],
)
def test_not_a_date(pattern: str, cell: str) -> None:
    with pytest.raises(CoercionError, match="not_a_date"):
        DateCoercer(pattern).coerce_cell(cell)


@given(st.dates())
def test_every_date_is_read_in_every_order(day: date) -> None:
    for pattern, written in (("", "%Y-%m-%d"), ("dd.MM.yyyy", "%d.%m.%Y"), ("MM/dd yyyy", "%m/%d %Y")):
        cell = day.strftime(written.replace("%Y", f"{day.year:04}"))
        assert DateCoercer(pattern).coerce_column([cell, cell]) == ([day.isoformat()] * 2, {})


@pytest.mark.parametrize(
    ("pattern", "cell", "value"),
    [
        ("dd/MM/yyyy|yyyy-MM-dd", "2024-01-31", "2024-01-31"),
        ("dd/MM/yyyy|MM/dd/yyyy", "02/01/2024", "2024-01-02"),  # the first that fits
        ("MM/dd/yyyy|dd/MM/yyyy", "02/01/2024", "2024-02-01"),
        ("MM/dd/yyyy|dd/MM/yyyy", "31/01/2024", "2024-01-31"),  # there is no month 31
        ("d'|'M'|'yyyy|yyyyMMdd", "1|2|2024", "2024-02-01"),
        ("d MMM yyyy", "3 Mar 2024", "2024-03-03"),
        ("d MMM yyyy", "3 MARCH 2024", "2024-03-03"),
        ("d MMMM yyyy", "3 sept. 2024", "2024-09-03"),
        ("ddMMMyyyy", "31JAN2024", "2024-01-31"),
        ("MMMM d, yyyy", "May 7, 2024", "2024-05-07"),
        ("d MMMM yyyy[nl]", "7 mei 2024", "2024-05-07"),
        ("d MMM yyyy[nl]", "7 mrt. 2024", "2024-03-07"),
        ("d MMMM yyyy[fr]", "7 fevrier 2024", "2024-02-07"),
        ("d MMMM yyyy[fr]", "7 Août 2024", "2024-08-07"),
        ("d MMMM yyyy[pl]", "7 września 2024", "2024-09-07"),
        ("d MMMM yyyy[nl]|d MMMM yyyy", "7 March 2024", "2024-03-07"),
        ("dd-MM-yy", "01-02-46", "2046-02-01"),
        ("dd-MM-yy", "01-02-47", "1947-02-01"),
        ("dd-MM-yy[1925]", "01-02-24", "2024-02-01"),
        ("dd-MM-yy[1925]", "01-02-25", "1925-02-01"),
        ("d MMM yy[nl][1925]", "1 okt 25", "1925-10-01"),
    ],
)
def test_a_date_in_several_patterns_names_and_short_years(pattern: str, cell: str, value: str) -> None:
    assert DateCoercer(pattern).coerce_cell(cell) == value
    assert DateCoercer(pattern).coerce_column([cell, cell]) == ([value, value], {})


@pytest.mark.parametrize(
    ("pattern", "cell"),
    [
        *(("dd/MM/yyyy|yyyy-MM-dd", "2024/01/31"), ("dd/MM/yyyy|yyyy-MM-dd", "30/02/2024"), ("dd/MM/yy", "31/01/2024")),
        *(("d MMM yyyy", "3 Mai 2024"), ("d MMM yyyy", "31 Feb 2024"), ("d MMM yyyy", "3 Ma 2024")),
        *(("d MMM yyyy", "3 Mar.. 2024"), ("d MMM yyyy", "3 03 2024"), ("d MMM yyyy[nl]", "3 mar 2024")),
        *(("d MMM yyyy", "3 ſep 2024"), ("dd/MM/yy", "29/02/23"), ("dd/MM/yy", "1/1/24")),
    ],
)
def test_not_a_date_in_any_of_the_patterns(pattern: str, cell: str) -> None:
    with pytest.raises(CoercionError, match="not_a_date"):
        DateCoercer(pattern).coerce_cell(cell)


@pytest.mark.parametrize(
    ("pattern", "cell", "day", "moment"),
    [
        ("M/d/yyyy|iso8601", "3/14/2024", "2024-03-14", "2024-03-14T00:00:00"),
        ("M/d/yyyy|iso8601", "2024-03-14T23:22:00-05:00", "2024-03-14", "2024-03-14T23:22:00-05:00"),
        ("M/d/yyyy|iso8601", "2024-03-14", "2024-03-14", "2024-03-14T00:00:00"),
        ("dd/MM/yyyy HH:mm", "28/01/2022 08:36", "2022-01-28", "2022-01-28T08:36:00"),
        ("dd/MM/yy h a|dd/MM/yy", "28/01/22", "2022-01-28", "2022-01-28T00:00:00"),
        ("epoch_second", "1708427570", "2024-02-20", "2024-02-20T11:12:50+00:00"),
        ("epoch_second", "1708427570.5", "2024-02-20", "2024-02-20T11:12:50.500000+00:00"),
        ("epoch_second", "-1", None, None),
        ("epoch_second", "-500000000.25", "1954-02-26", "1954-02-26T23:06:39.750000+00:00"),
        ("epoch_second", "1708427570311", None, None),  # milliseconds
        ("epoch_millis", "1708427570311", "2024-02-20", "2024-02-20T11:12:50.311000+00:00"),
        ("epoch_millis", "1708427570000.0", "2024-02-20", "2024-02-20T11:12:50+00:00"),
        ("epoch_millis", "1708427570", None, None),  # seconds
        ("epoch_millis", "0", None, None),
        ("epoch_millis", "1.708E12", None, None),
        ("epoch_millis", "１７０８４２７５７０３１１", None, None),
        ("iso8601|epoch_millis|epoch_second", "1708427570", "2024-02-20", "2024-02-20T11:12:50+00:00"),
    ],
)
def test_days_and_times_of_mixed_patterns(pattern: str, cell: str, day: str | None, moment: str | None) -> None:
    """A day gets its midnight, without an offset; of a time, a date keeps the day as it is written."""
    for each, expected in ((DateCoercer(pattern), day), (DateTimeCoercer(pattern), moment)):
        values, errors = each.coerce_column([cell, f" {cell}"])
        assert values == [expected, expected]
        assert set(errors) == (set() if expected else {0, 1})


@given(st.datetimes(datetime(1900, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC)))
def test_an_epoch_is_the_time_that_python_means(moment: datetime) -> None:
    micros = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    sign, size = "-" if micros < 0 else "", abs(micros)
    near_zero = size < timedelta(days=60) // timedelta(microseconds=1)
    for word, unit in (("epoch_second", 1_000_000), ("epoch_millis", 1_000)):
        cell = f"{sign}{size // unit}.{str(unit + size % unit)[1:]}"
        values, _ = DateTimeCoercer(word).coerce_column([cell])
        assert values == [None if near_zero else moment.isoformat()]


@given(st.integers(-(10**14), 10**14))
def test_a_number_is_an_epoch_in_one_unit_only(number: int) -> None:
    values = [DateTimeCoercer(word).coerce_column([str(number)])[0][0] for word in ("epoch_second", "epoch_millis")]
    assert None in values


SOME_PATTERNS = {
    "dd/MM/yyyy": "%d/%m/%Y",
    "MM/dd/yyyy": "%m/%d/%Y",
    "yyyy-MM-dd": "%Y-%m-%d",
    "dd MMM yyyy": "%d %b %Y",
    "MMMM dd, yyyy": "%B %d, %Y",
}


@given(st.dates(date(1000, 1, 1)), st.permutations(sorted(SOME_PATTERNS)), st.sampled_from(sorted(SOME_PATTERNS)))
def test_the_first_pattern_that_fits_decides(day: date, patterns: list[str], written: str) -> None:
    cell = day.strftime(SOME_PATTERNS[written])
    expected = None
    for pattern in patterns:
        try:
            expected = expected or datetime.strptime(cell, SOME_PATTERNS[pattern]).date().isoformat()
        except ValueError:
            continue
    assert DateCoercer("|".join(patterns)).coerce_column([cell]) == ([expected], {})
    assert DateCoercer().coerce_column([expected or ""]) == ([expected], {})  # what is stored is the plain pattern


def test_days_beyond_the_cache_are_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.domain.mapping.coercion.dates._CACHED_DAYS", 2)
    dates, cells = DateCoercer(), ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"]
    for _ in range(2):
        assert dates.coerce_column(cells) == (cells, {})
    assert len(dates._known) == 2


@pytest.mark.parametrize(
    ("pattern", "cell", "value"),
    [
        ("", "2024-01-31", "2024-01-31T00:00:00"),
        ("", "2024-01-31 09:30", "2024-01-31T09:30:00"),
        ("", "2024-01-31T09:30:15", "2024-01-31T09:30:15"),
        ("", "2024-01-31T09:30:15.5Z", "2024-01-31T09:30:15.500000+00:00"),
        ("", "2024-01-31T09:30:15,000001-0330", "2024-01-31T09:30:15.000001-03:30"),
        ("", "2024-01-31T09:30+02", "2024-01-31T09:30:00+02:00"),
        ("", "2024-01-31T09:30:00.000-00:00", "2024-01-31T09:30:00+00:00"),
        ("dd/MM/yyyy HH:mm", "31/01/2024 09:30", "2024-01-31T09:30:00"),
        ("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "2024-01-31T09:30:15.070Z", "2024-01-31T09:30:15.070000+00:00"),
        ("d-M-yyyy HH", "1-2-2024 23", "2024-02-01T23:00:00"),
        ("M/d/yyyy h:mm a", "1/31/2024 12:05 AM", "2024-01-31T00:05:00"),
        ("M/d/yyyy h:mm a", "1/31/2024 12:05 p.m.", "2024-01-31T12:05:00"),
        ("M/d/yyyy h:mm a", "1/31/2024 9:05 PM", "2024-01-31T21:05:00"),
        ("dd.MM.yy hh:mma", "31.01.24 09:05pm", "2024-01-31T21:05:00"),
        ("d.M.yyyy H:mm", "31.1.2024 9:05", "2024-01-31T09:05:00"),
        ("d MMM yyyy H", "31 Jan 2024 23", "2024-01-31T23:00:00"),
        ("d.M.yyyy H:mm|yyyy-MM-dd'T'HH:mmXXX", "2024-01-31T09:05+01:00", "2024-01-31T09:05:00+01:00"),
        ("HHmmss ddMMyyyyXXX", "235959 29022024+05:45", "2024-02-29T23:59:59+05:45"),
    ],
)
def test_a_datetime_keeps_its_offset_and_gets_none(pattern: str, cell: str, value: str) -> None:
    assert DateTimeCoercer(pattern).coerce_cell(cell) == value


@pytest.mark.parametrize(
    ("pattern", "cell"),
    [
        *(("", "2024-01-31T24:00"), ("", "2024-01-31T23:60"), ("", "2024-01-31T23:59:60"), ("", "2024-01-31T9:30")),
        *(("", "20240131T0930"), ("", "2024-01-31T09"), ("", "2024-01-31T09:30:15.1234567"), ("", "2024-01-31t09:30")),
        *(("", "2024-01-31T09:30+24:00"), ("", "2024-02-30T09:30"), ("", "2024-01-31Z"), ("", "2024-01-31T09:30 Z")),
        *(("M/d/yyyy h:mm a", "1/31/2024 13:05 PM"), ("M/d/yyyy h:mm a", "1/31/2024 0:05 AM")),
        *(
            ("M/d/yyyy h:mm a", "1/31/2024 9:05"),
            ("d.M.yyyy H:mm", "31.1.2024 24:00"),
            ("d.M.yyyy H:mm", "31.1.24 9:00"),
        ),
        *(("dd/MM/yyyy HH:mm", "31/01/2024"), ("dd/MM/yyyy HH:mm", "2024-01-31T09:30"), ("", "2024-01-31T０9:30")),
    ],
)
def test_not_a_datetime(pattern: str, cell: str) -> None:
    with pytest.raises(CoercionError, match="not_a_datetime"):
        DateTimeCoercer(pattern).coerce_cell(cell)


ZONES = st.none() | st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(timezones=ZONES))
def test_every_iso_datetime_comes_back_as_python_writes_it(moment: datetime) -> None:
    for cell in (moment.isoformat(), moment.isoformat(" ")):
        assert DateTimeCoercer().coerce_column([cell]) == ([moment.isoformat()], {})


def test_a_pattern_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    compile = date_patterns._compile

    def counted(written: str) -> re.Pattern[str]:
        compiled.append(written)
        return compile(written)

    monkeypatch.setattr(date_patterns, "_compile", counted)
    written = [f"yyyy-MM-dd'once {number}'" for number in range(MAX_PATTERNS)]
    for _ in range(2):
        for each in written:
            coercer(ValueFormat(ValueType.DATE, each))
            coercer(ValueFormat(ValueType.DATETIME, f"{each} HH"))
    assert len(compiled) == 2 * MAX_PATTERNS
