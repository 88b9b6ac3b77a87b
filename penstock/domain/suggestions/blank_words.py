"""Words that people write in place of leaving a cell empty."""

from __future__ import annotations

import re
import unicodedata
from itertools import chain

from penstock.domain.profiles.junk_identifiers import JUNK_EMAILS
from penstock.domain.suggestions.aliases import word_set
from penstock.domain.suggestions.booleans import are_yes_and_no
from penstock.domain.suggestions.lost_cells import NOT_AVAILABLE
from penstock.domain.suggestions.sample import Cells

MAX_BLANK_WORDS = 8  # of one column
MAX_COMPARED = 40  # characters of a cell; no word for blank is longer


def _folded(text: str) -> str:
    """Without case and accents, and without spaces after dots: `k. A.` is `k.a.`."""
    if not text.isascii():
        plain = unicodedata.normalize("NFKD", text.replace("\u2019", "'"))
        text = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(text.casefold().replace(". ", ".").split())


def _phrases(text: str) -> frozenset[str]:
    """The phrases of a text with commas between them."""
    return frozenset(_folded(phrase.strip()) for phrase in text.replace("\n", " ").split(",") if phrase.strip())


_MIDNIGHT = " 00:00:00"
_DIGIT = re.compile(r"\d")
_WRAPPED = re.compile(
    r"[-\u2013\u2014_*<(\[{\"']+\s?([^\W\d_](?:.*[^\W\d_]|.*\.))\s?[-\u2013\u2014_*>)\]}\"']+", re.DOTALL
)

# They mean blank in any column.
_ANYWHERE = (
    word_set(
        """
    n/a n.a. n.v.t. nvt null <null> (null) \\n nil nan - -- --- \u2014 \u2013 ? ?? (blank) (leeg) (leer) (vide)
    """
    )
    | NOT_AVAILABLE
    | _phrases(
        """
    not applicable, not specified, not provided, not given, not stated, no data,
    keine angabe, keine angaben, ohne angabe, ohne angaben, nicht angegeben, nicht bekannt, kein eintrag,
    niet bekend, niet opgegeven, niet ingevuld, niet van toepassing, geen opgave, geen gegevens,
    non renseigné, non renseignée, non communiqué, non communiquée, non précisé, non applicable, sans objet,
    no aplica, no consta, no especificado, sin datos, sin información,
    non applicabile, non specificato, non indicato, nessun dato,
    não informado, não aplicável, não consta, sem informação, sem dados,
    nie dotyczy, nie podano, brak danych, uppgift saknas, ej angivet, ej tillämpligt, ikke oplyst, ikke oppgitt,
    не указано, не указан, нет данных, не вказано, немає даних, δεν δηλώθηκε, 未記入, 未入力, 記載なし, 未填写,
    해당없음, nespecificat, nespecificată, fără informații, fără date, nu se aplică, nu este cazul,
    neuvedeno, nezadáno, nevyplněno, není k dispozici, neuvedené, nezadané, nevyplnené, nie je k dispozícii,
    nije navedeno, nije uneseno, nema podataka, ni podatka, ni navedeno, nem adta meg, nincs kitöltve,
    không có thông tin, không có dữ liệu, chưa cập nhật, chưa cung cấp, không áp dụng,
    tidak diisi, tidak disebutkan, tidak ada data, tidak berlaku, ikke utfylt,
    не е посочено, не е посочен, не е посочена, няма данни, няма информация, неприложимо,
    ไม่ระบุ, ไม่ทราบ, ไม่มีข้อมูล, غير محدد, لا توجد بيانات, لا ينطبق, לא צוין, אין מידע, לא רלוונטי
    """
    )
)
# They are text elsewhere: a country `NA`, a loyalty tier `none`, the initials `K.A.`.
_IN_TYPED_COLUMNS = frozenset(
    _folded(word)
    for word in word_set(
        """
        na none unknown unbekannt onbekend inconnu desconocido sconosciuto desconhecido nieznany okänd ukendt ukjent
        brak geen keine kein keiner aucun aucune sans néant rien ninguno ninguna nada nessuno nessuna niente nenhum
        nenhuma ingen inget intet niets nichts entfällt entfallt saknas mangler empty leeg leer vide vacío vuoto vazio
        nincs nincsen neni chybi lipsa yok bilinmiyor belirtilmemiş belirtilmedi puuttuu
        нет отсутствует немає κανένα άγνωστο άγνωστη άγνωστος なし 無し 無 該当なし 不明 无 未知 없음 미상
        未登録 未設定 非公開
        fără necunoscut necunoscută neznámý neznámá neznámé neznámy neznáma žádný žádná žádné žiadny žiadna žiadne není
        nema nepoznato nepoznat nepoznata neznano neznan neznana brez bez nijedan ismeretlen tiada нема няма неизвестен
        неизвестна неизвестно без липсва ไม่มี אין
        missing undefined tbd x xx xxx . .. * / 0000-00-00 0000/00/00 00/00/0000 00-00-0000 00.00.0000
        k.a. k.a ka o.a. n.b. n.b nb n.v. n.c. n.c n.d. n.d nd n.r. s.o. s.d. b.d. b/d s/o k/a n/b n/c n/d n/r n/s n/v
        s/d s/n
        1900-01-01 01-01-1900 1-1-1900 01/01/1900 1/1/1900 01.01.1900 1.1.1900 19000101
        9999-12-31 31-12-9999 31/12/9999 12/31/9999 31.12.9999 99991231 2999-12-31 31/12/2999 12/31/2999 31.12.2999
        0001-01-01 01/01/0001 1/1/0001 01.01.0001 00000000
        """
    )
) | _phrases(
    """
    not available, not known, no value, nicht verfügbar, nicht vorhanden, niet beschikbaar, niet aanwezig,
    non disponible, non connu, no disponible, non disponibile, não disponível, não tem, nie ma, nie znam, finns ej,
    sin dato, no tiene, no cuenta con, sin rfc, sin curp,
    sin número, sin tarjeta, sin celular, nincs adat, nincs megadva, nem ismert, není uvedeno, nu are,
    nu există, nie je, fără telefon, fără email, bez telefonu, bez telefona, bez emailu, nema telefon, nema email,
    nincs telefon, nincs email, không có, chưa có, không rõ, không biết, chưa biết, tidak ada, tidak diketahui,
    tidak punya, belum ada, няма имейл, няма телефон, не е известно, ไม่มีอีเมล, ไม่มีเบอร์, ไม่มีเบอร์โทร,
    لا يوجد, لا شيء, غير معروف, غير متوفر, غير متاح, לא ידוע, אין מייל, אין טלפון, δεν υπάρχει, δεν έχει,
    ei ole, ei tiedossa, ei tietoa, no email, no e-mail, no mail, no phone, no telephone, no number, no date,
    kein email, keine email, kein e-mail, keine e-mail, keine mail, keine e-mail-adresse, kein telefon,
    keine telefonnummer, keine nummer, kein datum,
    geen email, geen e-mail, geen mail, geen telefoon, geen nummer, geen datum,
    pas d'email, pas d'e-mail, pas de mail, pas de téléphone, sans email, sans mail, sans téléphone, aucun email,
    sin email, sin correo, sin teléfono, senza email, nessuna email, senza telefono, sem email, sem e-mail,
    sem telefone, brak email, brak e-mail, brak maila, brak telefonu, ingen e-post, ingen epost,
    ingen mail, ingen telefon
    """
)
_ALL = _ANYWHERE | _IN_TYPED_COLUMNS
MIN_MARKS = 20  # cells, for a few of them to be words beside marks
MAX_BESIDE_MARKS = 0.02  # share of the cells
_VALUE = re.compile(r"[0-9@]")
_MARK = "x"  # alone in its column, it says yes


def blank_words(cells: Cells, *, typed: bool) -> tuple[str, ...]:
    """The words for blank in a column, the most frequent first. `typed`: its values are no free text, such as dates
    and identifiers."""
    may_say_yes = _is_marked(cells) or _is_beside_answers(cells)
    found: dict[str, None] = {}
    for cell, _ in cells.distinct.most_common():
        if _means_blank(cell, typed=typed) and not (may_say_yes and cell.casefold() == _MARK):
            found.setdefault(cell.casefold(), None)
            if len(found) == MAX_BLANK_WORDS:
                break
    written = {cell.casefold(): cell for cell in reversed(list(cells.distinct))}
    return tuple(written[word] for word in found)


def _is_marked(cells: Cells) -> bool:
    """Whether a column has marks, and hardly a word beside them: a value, which has digits or is an address, shows that
    the marks stand for blank."""
    others = {cell: count for cell, count in cells.distinct.items() if cell.casefold() != _MARK}
    few = max(1, int(cells.filled * MAX_BESIDE_MARKS)) if cells.filled >= MIN_MARKS else 0
    return sum(others.values()) <= few and not any(map(_VALUE.search, others))


def _is_beside_answers(cells: Cells) -> bool:
    """Whether the cells other than the mark say yes or no: what the mark says beside them is not certain."""
    others = [cell for cell in cells.distinct for _ in range(cells.distinct[cell]) if cell.casefold() != _MARK]
    return len(others) < cells.filled and are_yes_and_no(Cells(cells.name, others))


def merged(*lists: tuple[str, ...]) -> tuple[str, ...]:
    """The words of all lists, each once, regardless of case."""
    found: dict[str, str] = {}
    for word in chain(*lists):
        found.setdefault(word.casefold(), word)
    return tuple(found.values())


def _means_blank(cell: str, *, typed: bool) -> bool:
    """Whether a word means blank, also between signs, such as `-keine-` or `<unknown>`."""
    if len(cell) > MAX_COMPARED:
        return False
    words = _ALL if typed else _ANYWHERE
    word = cell.casefold()
    if word in words or (typed and (word in JUNK_EMAILS or word.removesuffix(_MIDNIGHT) in words)):
        return True
    if _DIGIT.search(cell):
        return False
    word = _folded(cell)
    if word in words:
        return True
    between = _WRAPPED.fullmatch(word)
    return between is not None and between[1] in _ALL
