"""Column names that say that their values are personal, in several languages, as in `aliases.py`."""

from __future__ import annotations

from penstock.domain.suggestions.consents import CONTACT_WORDS
from penstock.domain.suggestions.names import word_table, words

_NOTES = word_table(
    """
    note notes comment comments remark remarks memo
    opmerking opmerkingen notitie notities aantekening aantekeningen toelichting
    bemerkung bemerkungen anmerkung anmerkungen notiz notizen kommentar kommentare
    commentaire commentaires remarque remarques observation observations
    nota notas observacion observaciones comentario comentarios obs commento commenti osservazione osservazioni
    annotazione annotazioni observacao observacoes
    notatka notatki uwaga uwagi komentarz anteckning anteckningar notering noteringar kommentarer notat notater
    bemaerkning bemaerkninger merknad merknader huomautus huomautukset muistiinpano muistiinpanot lisatiedot kommentti
    備考 メモ コメント 摘要 备注 说明 留言 비고 메모 примечание примечания комментарий комментарии заметки примітка
    примітки
    ملاحظات ملاحظة تعليق הערות הערה
    коментар σχόλια σημειώσεις παρατηρήσεις
    observatie observatii comentariu comentarii mentiuni забележка забележки бележка бележки коментари หมายเหตุ
    napomena napomene biljeska biljeske beleska beleske opomba opombe zaznamka jegyzet jegyzetek catatan keterangan
    ulasan
    poznamka poznamky megjegyzes megjegyzesek aciklama aciklamalar notlar yorum yorumlar
    """
)
_PERSONAL = _NOTES | word_table(
    """
    pass iban bic bank account address adres adresa
    adresse direccion indirizzo endereco adress phone tel telefon telefono telephone fax mobile email mail birth
    born geboorte geburt name naam nom nombre nome surname latitude longitude lat lon lng ip ipaddress device cookie
    facebook twitter instagram linkedin skype religion ethnicity race
    nominativo nominativi intestatario titolare titulaire titular inhaber kontoinhaber ansprechpartner
    contactpersoon namn navn nimi isim soyad soyadi nazwisko imie apellido apellidos cognome sobrenome vorname
    nachname voornaam achternaam prenom fornamn efternamn surname forename lastname firstname fullname
    nationality health license licence creditcard card password secret spouse partner maiden nickname street
    フリガナ ふりがな カナ氏名 氏名カナ セイ メイ パスポート マイナンバー 身分证 身份证号 护照 주민등록번호 여권
    паспорт инн снилс іпн αφμ
    straat strasse rue calle rua ulica ulice gata gatuadress katuosoite osoite sokak anschrift huisnummer hausnummer
    """
)


def _phrases(text: str) -> frozenset[tuple[str, ...]]:
    return frozenset(words(phrase) for phrase in text.replace("\n", ",").split(",") if phrase.strip())


# The numbers by which a state knows its people, and their passports and identity cards.
_NATIONAL_NUMBERS = _phrases(
    """
    ssn, nin, nino, itin, sin number, social security, social insurance, national insurance, ni number, national id
    national identity, national identification, national number, personal number, personal identity, identity number
    identity card, identity code, identity document, passport, aadhaar
    bsn, burgerservicenummer, sofinummer, rijksregister, rijksregisternummer, insz, paspoort, paspoortnummer
    identiteitskaart, identiteitskaartnummer, identiteitsbewijs
    steuer id, steuerid, steuer nr, steuer nummer, steuernummer, steueridentifikationsnummer, sozialversicherung
    sozialversicherungsnummer, sv nummer, sv nr, svnr, ahv, ahvnummer, ausweis, ausweisnummer, ausweisnr
    personalausweis, personalausweisnummer, reisepass, reisepassnummer, passnummer, passnr
    securite sociale, numero secu, num secu, nir, niss, numero fiscal, carte identite, carte d identite, cni, passeport
    numero de documento, numero documento, nro documento, num documento, no documento, documento de identidad
    documento identidad, documento nacional, doc identidad, rut
    dni, nie, nif, curp, rfc, cuil, cedula, seguridad social, pasaporte
    codice fiscale, codicefiscale, cod fiscale, cod fisc, carta identita, carta d identita, passaporto
    cpf, contribuinte, cartao cidadao, cartao de cidadao, cartao do cidadao, bilhete de identidade, passaporte
    pesel, dowod osobisty, dowodu, dowodu osobistego, paszport, paszportu
    personnummer, personnr, samordningsnummer, fodselsnummer, foedselsnummer, fodselsnr, fnr, cpr, cprnr, cprnummer
    henkilotunnus, hetu, sotu, passin numero
    rodne cislo, rodnecislo, cislo op, obcansky prukaz, cislo pasu
    tc kimlik, tckn, tc no, kimlik no, kimlik numarasi, pasaport
    szemelyi szam, szemelyi igazolvany, taj szam, adoazonosito, cnp, cod numeric personal, egn, oib, amka
    tax id, tax number, tax no, tax nr, tax code, taxid, vat id, vat number, vat no, vat nr, vatid, gstin, gst no
    gst number, pan, pan no, pan number, pan card
    isikukood, asmens kodas, personas kods, kennitala
    act de identitate, act identitate, carte de identitate, buletin identitate, serie buletin, serie ci
    егн, лнч, единен граждански номер, лична карта, номер на лична карта, номер на паспорт
    cislo obcanskeho prukazu, rodne c, cislo obcianskeho preukazu, obciansky preukaz, cestovny pas, cestovni pas
    jmbg, osobna iskaznica, osobne iskaznice, licna karta, licne karte, putovnica, putovnice, broj pasosa, emso
    davcna stevilka, osebna izkaznica, osebne izkaznice, potni list, potnega lista, maticni broj
    utlevel, utlevelszam, adoszam, szigszam, tajszam
    cccd, cmnd, can cuoc, can cuoc cong dan, chung minh nhan dan, chung minh thu, ho chieu, ma so thue
    ktp, nik, npwp, paspor, kad pengenalan, nric, mykad, no ic, pasport
    d nummer, dnummer, passnummer
    เลขบัตรประชาชน, เลขที่บัตรประชาชน, หมายเลขบัตรประชาชน, บัตรประชาชน, เลขประจำตัวประชาชน, รหัสบัตรประชาชน
    หมายเลขประจำตัวประชาชน, เลขประจำตัวผู้เสียภาษี, หนังสือเดินทาง, เลขหนังสือเดินทาง, เลขที่หนังสือเดินทาง
    หมายเลขหนังสือเดินทาง, พาสปอร์ต, เลขพาสปอร์ต, เลขที่พาสปอร์ต
    رقم الهوية, الهوية الوطنية, رقم الهوية الوطنية, رقم الإقامة, الرقم القومي, الرقم المدني, رقم البطاقة الشخصية
    جواز السفر, رقم الجواز, رقم جواز السفر
    תעודת זהות, מספר זהות, ת ז, תז, דרכון
    αμκα, αδτ, ταυτοτητα, αριθμος ταυτοτητας, αρ ταυτοτητας, διαβατηριο, αριθμος διαβατηριου, αρ διαβατηριου
    """
)
_PERSONAL_PHRASES = (
    _phrases(
        """
        credit score, credit rating, credit limit, credit history
        ghi chú, nhận xét, บันทึก, ความคิดเห็น, ข้อสังเกต
        """
    )
    | _NATIONAL_NUMBERS
)
_LONGEST = max(map(len, _PERSONAL_PHRASES))


def is_personal(column: str) -> bool:
    """Whether the name of a column says that its values are personal."""
    return not _PERSONAL.isdisjoint(words(column)) or _has_phrase(column, _PERSONAL_PHRASES)


def is_national_number(column: str) -> bool:
    """Whether the name of a column says that its values are national identity numbers, or of passports."""
    return _has_phrase(column, _NATIONAL_NUMBERS)


def is_about_contact(column: str) -> bool:
    """Whether all that looks personal in the name of a column is a way of contact, such as `mail` in `mail_ok`."""
    return _PERSONAL.intersection(words(column)) <= CONTACT_WORDS and not _has_phrase(column, _PERSONAL_PHRASES)


def _has_phrase(column: str, phrases: frozenset[tuple[str, ...]]) -> bool:
    parts = words(column)
    return any(parts[at : at + size] in phrases for size in range(1, _LONGEST + 1) for at in range(len(parts)))
