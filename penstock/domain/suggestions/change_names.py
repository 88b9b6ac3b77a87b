"""Names of columns that say when a row was last changed, in several languages: a word of change among words of time,
in any order (`Modifié le`, `Datum letzte Änderung`), and nothing else: `Address changed at` is about the address."""

from __future__ import annotations

from penstock.domain.suggestions.aliases import word_set
from penstock.domain.suggestions.names import word_table, words

_CHANGES = word_table(
    """
    updated update changed change modified modification edited edit amended amendment
    lastmodified lastmodifieddate lastupdated lastupdate lastupdatedate lastchange lastchanged lastedited updatedat
    updatedon updateddate updatedate updatetime modifiedat modifiedon modifieddate modifiedtime modificationdate
    moddate modtime mtime changedat changedon changedate dateupdated datemodified datechanged systemmodstamp modstamp
    gewijzigd gewijzigde wijziging mutatie gemuteerd aangepast aanpassing bijgewerkt wijzigingsdatum wijzigdatum
    mutatiedatum aanpassingsdatum updatedatum
    geändert geaendert änderung aenderung aktualisiert aktualisierung bearbeitet bearbeitung modifiziert mutiert
    mutation änderungsdatum aenderungsdatum aktualisierungsdatum bearbeitungsdatum mutationsdatum änderungszeit
    änderungszeitpunkt aenderungszeitpunkt
    modifié modifiée modif maj mise mis actualisé actualisée actualisation
    modificado modificada modificación actualizado actualizada actualización cambio cambiado
    modificato modificata modifica aggiornato aggiornata aggiornamento variazione
    modificação alterado alterada alteração atualizado atualizada atualização actualização
    zmieniono zmiana zmiany zmodyfikowano modyfikacja modyfikacji aktualizacja aktualizacji zaktualizowano edytowano
    ändrad ändrat ändring ändringsdatum uppdaterad uppdaterat uppdatering modifierad
    endret endring endringsdato oppdatert oppdatering ændret ændring ændringsdato opdateret opdatering rettet
    muokattu muutettu päivitetty muutos päivitys muokkaus muutospäivä muokkauspäivä päivityspäivä muutospvm
    muokkauspvm päivityspvm muokkausaika
    změněno změna změny upraveno úprava úpravy aktualizováno aktualizace
    zmenené zmena zmeny upravené aktualizované aktualizácia aktualizácie
    módosítva módosítás módosítása módosított frissítve frissítés frissítése változás változtatás
    modificat modificare modificării actualizat actualizare actualizării
    izmjena izmjene izmijenjeno promijenjeno promjena promjene ažurirano ažuriranje ažuriranja izmena izmene izmenjeno
    promena promene promenjeno sprememba spremembe spremenjeno posodobljeno posodobitev posodobitve
    güncelleme güncellendi güncellenme değişiklik değiştirme değiştirilme değiştirildi
    diperbarui diubah perubahan pembaruan ubah dikemaskini kemaskini dikemas kemas
    промяна променен променено редактиран обновен обновено актуализиран актуализация
    изменен изменено изменение изменения изменён обновлен обновлён обновлено обновление обновления модификации
    редактирования
    змінено зміна зміни оновлено оновлення редагування
    τροποποίηση τροποποίησης τροποποιήθηκε ενημέρωση ενημέρωσης ενημερώθηκε αλλαγή αλλαγής
    تعديل التعديل تحديث التحديث
    עדכון עודכן שינוי שונה
    """
)
_TIMES = word_table(
    """
    last latest recent most date datetime day time timestamp ts moment when at on of the in utc gmt was is
    laatst laatste datum tijd tijdstip op van
    letzte letzter letztes letzten letztmals zuletzt zeit zeitpunkt uhrzeit tag am der des dem von
    dernier dernière dern heure horodatage jour le la à de du
    último última ult fecha hora día el en
    ultimo ultima data ora giorno il del della di
    do da dia em
    ostatnia ostatniej ostatnio ostatni czas dnia dzień
    senast senaste sist sista tid dag den
    siste sidst sidste senest seneste dato tidspunkt
    viimeksi viimeisin viimeinen pvm päivä päivämäärä aika
    poslední naposledy čas dne posledný posledná poslednej naposled
    utolsó legutóbbi legutóbb utoljára dátuma dátum ideje időpontja időpont
    ultimei ultimul dată
    zadnja zadnje zadnji zadnjič posljednja posljednje posljednji poslednja poslednje poslednji datumu vrijeme vreme
    son tarihi tarih zamanı saati
    terakhir tanggal tgl tarikh pada waktu masa kini
    последна последно последната дата час време на
    последнее последнего последний последняя время когда
    остання останнє останньої останнього востаннє
    τελευταία τελευταίας ημερομηνία ώρα στις
    آخر تاريخ وقت في
    אחרון אחרונה תאריך שעה
    """
)
# What the row is about, around the words that matter: `customer_updated_at`.
_RECORDS = word_table(
    """
    record row entry customer cust client user contact person member subscriber account profile lead crm system
    klant relatie kunde kunden datensatz stammdaten fiche cliente registro ficha scheda klient klienta rekordu kund
    asiakas zákazník zákazníka ügyfél müşteri kayıt клиент клиента запись записи клієнт запису
    """
)
# They have no spaces between their words.
_WHOLE = frozenset(
    "".join(words(name))
    for name in word_set(
        """
    更新日 更新日時 更新日付 最終更新 最終更新日 最終更新日時 変更日 変更日時 最終変更日 修正日 修正日時
    更新时间 更新日期 最后更新 最后更新时间 最后更新日期 修改时间 修改日期 最后修改 最后修改时间 最后修改日期
    更新時間 最後更新 最後更新時間 最後更新日期 修改時間 最後修改時間 最後修改日期 異動日期
    수정일 수정일시 수정일자 수정날짜 최종수정일 최종수정일시 최근수정일 변경일 변경일시 변경일자 갱신일 갱신일시
    업데이트일
    แก้ไขล่าสุด วันที่แก้ไข วันที่แก้ไขล่าสุด อัปเดตล่าสุด วันที่อัปเดต ปรับปรุงล่าสุด วันที่ปรับปรุง
    ngày_cập_nhật cập_nhật_lúc cập_nhật_lần_cuối lần_cập_nhật_cuối ngày_cập_nhật_cuối ngày_sửa ngày_sửa_đổi
    ngày_chỉnh_sửa sửa_lần_cuối thời_gian_cập_nhật
    """
    )
)


def names_a_change(column: str) -> bool:
    """Whether the name of a column says that it has the times at which its rows were last changed."""
    parts = words(column)
    if "".join(parts) in _WHOLE:
        return True
    return not _CHANGES.isdisjoint(parts) and (_CHANGES | _TIMES | _RECORDS).issuperset(parts)
