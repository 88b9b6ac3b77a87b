"""Which row of a person is the newest: a column with the time of the last change, or else the later line."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.mapping import ColumnMapping
from penstock.domain.suggestions import ColumnSuggestion, Sample, suggest_mapping
from penstock.domain.suggestions.change_names import names_a_change

IDS = [f"C{number:05}" for number in (*range(60), 3, 17, 17)]
CITIES = [("Ghent", "Bruges", "Aalst", "Ypres")[at % 4] for at in range(len(IDS))]
TIMES = [f"{day:02}/{month:02}/2024 10:15" for month in (4, 5, 6) for day in range(28, 7, -1)]
LATER_LINE = (
    "2 people have several rows that differ: the later line wins, unless a column that says which is newer is marked as"
    " the time of the last change"
)
SAYS_WHICH = "it says which row is the newest: 2 people have several rows that differ"


def suggest(columns: dict[str, Sequence[str]], earlier: Sequence[ColumnMapping] = ()) -> dict[str, ColumnSuggestion]:
    sample = Sample(list(columns), list(columns.values()), complete=True)
    return {each.column: each for each in suggest_mapping(sample, BUILTIN, earlier).columns}


def test_the_time_of_the_last_change_says_which_row_of_a_person_is_the_newest() -> None:
    found = suggest({"Klantnummer": IDS, "Plaats": CITIES, "Gewijzigd op": TIMES})
    changed = found["Gewijzigd op"]
    assert (changed.as_of, str(changed.format), changed.attribute.name) == (
        True,
        "datetime(dd/MM/yyyy HH:mm)",
        "gewijzigd_op",
    )
    assert changed.confidence >= 0.9
    assert SAYS_WHICH in changed.evidence
    assert not any("later line" in each for each in found["Klantnummer"].against)
    assert [each.as_of for each in found.values()] == [False, False, True]


def test_where_nobody_has_several_rows_no_column_says_which_is_the_newest() -> None:
    ids = [f"C{number:05}" for number in range(len(IDS))]
    found = suggest({"Klantnummer": ids, "Plaats": CITIES, "Gewijzigd op": TIMES})
    assert not any(each.as_of for each in found.values())
    assert not any("later line" in against for each in found.values() for against in each.against)


def test_rows_that_are_the_same_do_not_count() -> None:
    columns = {"Klantnummer": IDS[:60] * 2, "Plaats": CITIES[:60] * 2, "Gewijzigd op": TIMES[:60] * 2}
    found = suggest(columns)
    assert not any(each.as_of or each.against for each in found.values())


@pytest.mark.parametrize("name", ["Geboortedatum", "Klant sinds", "Datum", "Laatste bestelling", "Adres gewijzigd op"])
def test_the_later_line_wins_where_no_column_has_the_time_of_the_last_change(name: str) -> None:
    days = [each[:10] for each in TIMES]
    found = suggest({"Klantnummer": IDS, "Plaats": CITIES, name: days})
    assert not any(each.as_of for each in found.values())
    assert LATER_LINE in found["Klantnummer"].against


@pytest.mark.parametrize(
    "times",
    [
        [f"{day % 12 + 1:02}/{at % 12 + 1:02}/2024" for at, day in enumerate(range(63))],  # either order
        ["" if at % 4 == 0 else each for at, each in enumerate(TIMES)],  # blank means new, so that many rows would win
        ["soon" if at % 3 == 0 else each for at, each in enumerate(TIMES)],
        ["1"] * len(IDS),
    ],
)
def test_a_column_that_does_not_surely_say_when_is_not_taken(times: Sequence[str]) -> None:
    found = suggest({"Klantnummer": IDS, "Plaats": CITIES, "Gewijzigd op": times})
    assert not any(each.as_of for each in found.values())
    assert LATER_LINE in found["Klantnummer"].against


def test_an_order_of_day_and_month_that_only_other_columns_show_is_not_sure() -> None:
    ambiguous = [f"{at % 12 + 1:02}/{at // 12 + 1:02}/2024" for at in range(63)]
    found = suggest({"Klantnummer": IDS, "Plaats": CITIES, "Klant sinds": TIMES, "Gewijzigd op": ambiguous})
    assert not found["Gewijzigd op"].as_of


def test_rows_without_a_time_are_counted() -> None:
    found = suggest({"Klantnummer": IDS, "Plaats": CITIES, "Gewijzigd op": ["", *TIMES[1:]]})
    assert found["Gewijzigd op"].as_of
    assert "1 row has no time, and would be the newest" in found["Gewijzigd op"].against


def test_people_are_recognised_by_their_addresses_in_any_case() -> None:
    emails = [f"p{number}@gmail.com" for number in range(62)] + ["P3@Gmail.com"]
    found = suggest({"mail": emails, "stad": CITIES, "updated_at": TIMES})
    assert found["updated_at"].as_of


def test_placeholders_are_nobody() -> None:
    emails = [f"p{number}@gmail.com" for number in range(60)] + ["none@none.com"] * 3
    found = suggest({"mail": emails, "stad": CITIES, "updated_at": TIMES})
    assert not found["updated_at"].as_of


def test_a_column_that_was_mapped_before_stays_as_it_was() -> None:
    earlier = [
        ColumnMapping(column="nr", attribute="crmid", identifier=True),
        ColumnMapping(column="updated_at", attribute="last_seen_at"),
    ]
    times = [f"2024-0{each[4]}-{each[:2]}T10:15:00" for each in TIMES]
    found = suggest({"nr": IDS, "stad": CITIES, "updated_at": times}, earlier)
    assert not found["updated_at"].as_of
    why = "the later line wins, unless updated_at is marked as the time of the last change"
    assert f"2 people have several rows that differ: {why}" in found["nr"].against
    marked = [earlier[0], ColumnMapping(column="updated_at", attribute="last_seen_at", as_of=True)]
    found = suggest({"nr": IDS, "stad": CITIES, "updated_at": times, "modified": times}, marked)
    assert [each.column for each in found.values() if each.as_of] == ["updated_at"]
    assert found["nr"].against == ()


@pytest.mark.parametrize(
    "name",
    [
        *(
            "updated_at",
            "UpdatedAt",
            "last_modified",
            "LastModifiedDate",
            "Modified On",
            "date_updated",
            "LAST_CHANGED",
        ),
        *("customer_updated_at", "Last Modified Time", "SystemModstamp", "Gewijzigd op", "laatst gewijzigd"),
        *(
            "Datum laatste wijziging",
            "Mutatiedatum",
            "Geändert am",
            "Letzte Änderung",
            "geaendert_am",
            "Änderungsdatum",
        ),
        *("zuletzt aktualisiert am", "Modifié_le", "Date de dernière modification", "Date MAJ", "mis à jour le"),
        *(
            "fecha de modificación",
            "Última actualización",
            "data modifica",
            "Data ultima modifica",
            "Ultimo aggiornamento",
        ),
        *("data de alteração", "última atualização", "zmieniono", "data ostatniej zmiany", "Data modyfikacji"),
        *("senast ändrad", "Ändringsdatum", "sist endret", "Senest ændret", "muokattu", "viimeksi päivitetty"),
        *("naposledy změněno", "datum poslední změny", "dátum poslednej zmeny", "utolsó módosítás", "módosítás dátuma"),
        *("data modificării", "ultima actualizare", "datum zadnje izmjene", "poslednja promena", "zadnja sprememba"),
        *("güncelleme tarihi", "son güncelleme", "дата изменения", "последнее обновление", "дата на промяна"),
        *("дата оновлення", "ημερομηνία τροποποίησης", "تاريخ التعديل", "آخر تحديث", "תאריך עדכון", "更新日時"),
        *("最后修改时间", "수정일", "วันที่แก้ไข", "Ngày cập nhật", "terakhir diperbarui", "tarikh kemaskini"),
    ],
)
def test_names_of_the_time_of_the_last_change(name: str) -> None:
    assert names_a_change(name)


@pytest.mark.parametrize(
    "name",
    [
        *("created_at", "birth_date", "date", "last_login", "last order date", "address_changed_at", "consent updated"),
        *(
            "Geburtsdatum",
            "Erstellt am",
            "date de création",
            "fecha de alta",
            "data rejestracji",
            "Letzter Kauf",
            "data",
        ),
        *("password_changed_at", "status change date", "登録日", "생년월일", "ngày sinh", "тип изменения"),
    ],
)
def test_names_of_other_times(name: str) -> None:
    assert not names_a_change(name)
