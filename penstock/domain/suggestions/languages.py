"""The language of a file's column names, and where people speak it: a hint of the region of phone numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from penstock.domain.suggestions.names import word_table, words

MIN_COLUMNS = 2  # with words of the language, and more than with those of any other one


class Language(NamedTuple):
    """`regions` are the largest in which it is spoken; none for English, which programs use everywhere."""

    name: str
    regions: tuple[str, ...]


_WORDS = {
    Language("English", ()): """
        first last name phone mobile birth city town street zip country customer order orders date address state number
        email created total gender company title since points
    """,
    Language("French", ("FR", "BE", "CH", "LU", "CA")): """
        nom prenom telephone tel portable fixe ville adresse naissance commandes civilite achat pays client derniere
        visite courriel societe sexe inscription code commentaire rue
    """,
    Language("German", ("DE", "AT", "CH", "LU")): """
        vorname nachname telefon telefonnummer strasse plz ort geburtsdatum geburtstag anrede kundennummer kunde land
        bestellungen handy umsatz postleitzahl stadt firma geschlecht rufnummer mobil hausnummer seit
    """,
    Language("Dutch", ("NL", "BE")): """
        voornaam achternaam telefoon telefoonnummer straat postcode plaats woonplaats geboortedatum aanhef klantnummer
        mobiel nieuwsbrief tussenvoegsel huisnummer land bedrijf geslacht naam klant
    """,
    Language("Spanish", ("ES", "MX", "AR", "CO", "CL", "PE")): """
        nombre apellido apellidos telefono correo ciudad direccion nacimiento pais provincia movil fecha cliente
        celular empresa calle codigo pedidos puntos
    """,
    Language("Portuguese", ("BR", "PT")): """
        nome sobrenome apelido telefone cidade endereco nascimento celular cep telemovel morada data cadastro cliente
        pais empresa codigo pedidos observacoes
    """,
    Language("Italian", ("IT", "CH")): """
        nome cognome telefono citta indirizzo nascita cellulare provincia data cliente comune cap azienda codice via
        sesso ordini
    """,
    Language("Polish", ("PL",)): """
        imie nazwisko telefon telefonu ulica miasto urodzenia kod pocztowy kraj klienta firma numer plec zamowien
    """,
    Language("Swedish", ("SE", "FI")): """
        fornamn efternamn telefon telefonnummer gata adress ort postnummer fodelsedatum mobil mobilnummer stad kund
        namn kundnummer land
    """,
    Language("Danish", ("DK",)): """
        fornavn efternavn telefon telefonnummer by adresse postnr postnummer fodselsdato mobil kunde kundenummer land
    """,
    Language("Norwegian", ("NO",)): """
        fornavn etternavn telefon telefonnummer poststed sted adresse postnr postnummer fodselsdato mobil kunde land
        kundenummer kjonn kjop nyhetsbrev registrert opprettet antall
    """,
    Language("Finnish", ("FI",)): """
        etunimi sukunimi puhelin puhelinnumero osoite kaupunki postinumero syntymaaika asiakas asiakasnumero maa
    """,
    Language("Turkish", ("TR",)): """
        ad adi soyad soyadi telefon sehir adres dogum tarihi cep posta musteri isim ulke il ilce
    """,
    Language("Romanian", ("RO", "MD")): """
        nume prenume telefon adresa oras orasul localitate judet judetul tara nasterii nastere cod comenzi
        puncte inregistrarii ultimei achizitii
    """,
    Language("Czech", ("CZ",)): """
        jmeno prijmeni telefon telefonni mobilni ulice mesto psc zeme narozeni pohlavi zakaznika adresa osloveni
        spolecnost karty objednavek posledniho posledni registrace souhlas vernostni kraj
    """,
    Language("Slovak", ("SK",)): """
        meno priezvisko telefon telefonne mobilny ulica mesto psc krajina narodenia pohlavie zakaznika adresa oslovenie
        spolocnost karty objednavok posledneho posledny registracie suhlas vernostna kraj
    """,
    Language("Croatian and Serbian", ("HR", "RS", "BA", "ME")): """
        ime prezime telefon telefona mobitel mobilni adresa ulica grad mjesto drzava postanski broj rodenja rodjenja
        spol pol kupca kartice tvrtka datum narudzbi kupovine kupnje privola
    """,
    Language("Slovene", ("SI",)): """
        ime priimek telefon telefonska mobilna naslov ulica kraj mesto postna stevilka drzava rojstva rojstni spol
        stranke kartice podjetje datum narocil nakup soglasje
    """,
    Language("Hungarian", ("HU",)): """
        nev neve vezeteknev keresztnev csaladi utonev telefonszam telefon mobil cim lakcim utca varos telepules
        iranyitoszam megye orszag szuletesi ido ugyfel ugyfelszam torzsvasarloi rendelesek utolso vasarlas nem
        megszolitas cegnev hirlevel
    """,
    Language("Vietnamese", ("VN",)): """
        khach hang kh thoai chi sinh gioi thanh pho quoc gia ngay dien Điện Địa đăng Đăng diem Điểm hang mua sdt
    """,
    Language("Indonesian and Malay", ("ID", "MY")): """
        nama alamat telepon telp nomor nombor hp lahir tanggal tgl tarikh kota provinsi negara pos poskod bandar negeri
        pelanggan anggota kelamin jantina terakhir jumlah poin perusahaan syarikat telefon
    """,
    Language("Japanese", ("JP",)): """
        氏名 お名前 姓 名 電話番号 携帯電話 住所 都道府県 市区町村 郵便番号 生年月日 性別 顧客番号 顧客コード 会員番号
        メールアドレス 備考 登録日 会員ランク 最終購入日 フリガナ
    """,
    Language("Korean", ("KR",)): """
        이름 성명 고객명 전화번호 휴대폰 휴대전화 주소 우편번호 생년월일 성별 고객번호 회원번호 이메일 비고 가입일 등급
    """,
    Language("Chinese", ("CN", "TW", "HK", "SG")): """
        姓名 电话 手机 手机号 地址 城市 省份 邮编 邮政编码 出生日期 生日 性别 客户编号 会员号 邮箱 备注 注册日期
    """,
    Language("Russian", ("RU", "KZ", "BY")): """
        имя фамилия отчество телефон мобильный адрес город улица индекс рождения пол клиента почта страна дата номер
        карты
    """,
    Language("Ukrainian", ("UA",)): """
        імя прізвище телефон мобільний адреса місто вулиця індекс народження стать клієнта пошта країна дата номер
        картки
    """,
    Language("Serbian", ("RS", "BA", "ME")): """
        презиме шифра купца купац телефон мобилни телефона адреса место поштански број датум рођења улица општина држава
        сагласност куповине куповина пошта поени
    """,
    Language("Bulgarian", ("BG",)): """
        име презиме фамилия телефон телефонен мобилен имейл адрес град улица област държава пощенски раждане пол клиент
        клиентски карта на поръчки покупка съгласие
    """,
    Language("Thai", ("TH",)): """
        ชื่อ นามสกุล เบอร์โทร เบอร์โทรศัพท์ โทรศัพท์ มือถือ อีเมล ที่อยู่ จังหวัด อำเภอ เขต ตำบล รหัสไปรษณีย์ วันเกิด เพศ ประเทศ
        รหัสลูกค้า ลูกค้า คำนำหน้า สมาชิก คะแนน หมายเหตุ
    """,
    Language("Arabic", ("SA", "EG", "AE", "MA", "IQ", "DZ")): """
        الاسم الهاتف الجوال العنوان المدينة الميلاد الجنس العميل البريد الدولة تاريخ رقم المحمول الموبايل
    """,
    Language("Hebrew", ("IL",)): """
        שם טלפון נייד כתובת רחוב עיר מיקוד לידה מין לקוח דואר תאריך מספר
    """,
    Language("Greek", ("GR", "CY")): """
        ονομα επωνυμο τηλεφωνο κινητο διευθυνση πολη οδος γεννησης φυλο πελατη χωρα ημερομηνια κωδικος
    """,
}
_SETS = {language: word_table(text) for language, text in _WORDS.items()}


def language_of(columns: Iterable[str]) -> Language | None:
    """The language that the names of most columns are in; None when two languages fit alike."""
    named = [frozenset(words(column)) for column in columns]
    counts = {language: sum(1 for each in named if each & known) for language, known in _SETS.items()}
    first, second = sorted(counts, key=lambda each: -counts[each])[:2]
    return first if counts[first] >= MIN_COLUMNS and counts[first] > counts[second] else None
