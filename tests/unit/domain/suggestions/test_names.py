"""What columns are called."""

from __future__ import annotations

from collections import Counter

import pytest

from penstock.domain.limits import MAX_DISPLAY_NAME
from penstock.domain.mapping.attributes import NAME, Attribute
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.suggestions.aliases import ALIASES
from penstock.domain.suggestions.languages import language_of
from penstock.domain.suggestions.names import Names, display_name, new_name, words


@pytest.mark.parametrize(
    ("column", "attribute"),
    [
        ("cust_email", "email"),
        ("Member #", "loyalty_id"),
        ("Codice Tessera", "loyalty_id"),
        ("Opted in", "marketing_consent"),
        ("Customer#", "crmid"),
        ("# of orders", "order_count"),
        ("Customer E-Mail Address", "email"),
        ("E-Mail-Adresse", "email"),
        ("emial", "email"),
        ("work_email", "email"),
        ("kundenNr", "crmid"),
        ("Lidnr.", "loyalty_id"),
        ("Lid nr", "loyalty_id"),
        ("Lid-nr.", "loyalty_id"),
        ("Ledennummer", "loyalty_id"),
        ("Ledennr", "loyalty_id"),
        ("Relatienr", "crmid"),
        ("Medlemsnum", "loyalty_id"),
        ("Client num", "crmid"),
        ("Member nummer", "loyalty_id"),
        ("KLANTNUMMER", "crmid"),
        ("Prénom", "first_name"),
        ("Straße", "street"),
        ("phone2", "phone"),
        ("fecha_nacimiento", "birth_date"),
        ("imię", "first_name"),
        ("puhelinnumero", "phone"),
        ("data de nascimento", "birth_date"),
        ("födelsedatum", "birth_date"),
        ("Phone__c", "phone"),
        ("BillingPostalCode", "postal_code"),
        ("address_city", "city"),
        ("address.zip", "postal_code"),
        ("adress.ort", "city"),
        ("Postcode / Eircode", "postal_code"),
        ("Opt_in_e_mail", "email_opt_in"),
        ("Aceita e-mail", "email_opt_in"),
        ("acceptsEmail", "email_opt_in"),
        ("E-Mail-Einwilligung", "email_opt_in"),
        ("Toestemming_e-mail", "email_opt_in"),
        ("Acepta correo", "email_opt_in"),
        ("Consenso_email", "email_opt_in"),
        ("Zgoda na e-mail", "email_opt_in"),
        ("Samtycke_e-post", "email_opt_in"),
        ("E-posta_izni", "email_opt_in"),
        ("Opt_in_SMS", "sms_opt_in"),
        ("SMS & phone consent", "sms_opt_in"),
        ("SMS_izni", "sms_opt_in"),
        ("email_opt_in_date", "consent_at"),
        ("Aceita receber ofertas?", "marketing_consent"),
        ("Aceita receber newsletter?", "email_opt_in"),
        ("CA cumulé", "ltv"),
        ("LifetimeSpend", "ltv"),
        ("Umsatz gesamt", "ltv"),
        ("Toplam harcama", "ltv"),
        ("Date création", "customer_since"),
        ("Date de création", "customer_since"),
        ("Angelegt am", "customer_since"),
        ("Kayıt tarihi", "customer_since"),
        ("LastTxn", "last_purchase_at"),
        ("lastOrderAt", "last_purchase_at"),
        ("Son sipariş", "last_purchase_at"),
        ("Qtd. pedidos", "order_count"),
        ("nombre", "first_name"),
        ("Tarjeta", "loyalty_id"),
        ("No. Tarjeta", "loyalty_id"),
        ("Número tarjeta", "loyalty_id"),
        ("Tarjeta Lealtad", "loyalty_id"),
        ("Monedero", "loyalty_id"),
        ("Grad", "city"),
        ("Akademischer Grad", "salutation"),
        ("ĐIỆN THOẠI", "phone"),
        ("Số Điện Thoại", "phone"),
        ("SĐT", "phone"),
        ("Zgoda marketing (T/N)", "marketing_consent"),
        ("Zgoda_marketing_(T/N)", "marketing_consent"),
        ("Zgoda RODO", "marketing_consent"),
        ("Zgoda mailowa", "email_opt_in"),
        ("Zgoda na SMS (tak/nie)", "sms_opt_in"),
        ("Newsletter (Y/N)", "email_opt_in"),
        ("Poziom karty", "loyalty_tier"),
        ("Pkt", "loyalty_points"),
        ("Saldo punktów", "loyalty_points"),
        ("Souhlas marketing (ano/ne)", "marketing_consent"),
        ("Souhlas s newsletterem", "email_opt_in"),
        ("Úroveň karty", "loyalty_tier"),
        ("Zůstatek bodů", "loyalty_points"),
        ("Súhlas marketing", "marketing_consent"),
        ("Zostatok bodov", "loyalty_points"),
        ("Hozzájárulás marketing", "marketing_consent"),
        ("Kártya szint", "loyalty_tier"),
        ("Összes pont", "loyalty_points"),
        ("Consimțământ GDPR", "marketing_consent"),
        ("Nivelul cardului", "loyalty_tier"),
        ("Puncte acumulate", "loyalty_points"),
    ],
)
def test_a_name_means_an_attribute(column: str, attribute: str) -> None:
    match = Names(BUILTIN).match(column)
    assert match is not None
    assert match.attribute.name == attribute


def test_only_what_is_answered_by_yes_or_no_has_its_answers_in_the_name() -> None:
    assert Names(BUILTIN).match("Pkt (T/N)") is None


HEADERS = {
    "Romanian": """
        Cod client=crmid, Nume=last_name, Prenume=first_name, Nr. card=loyalty_id, Telefon mobil=mobile,
        Adresă e-mail=email, Data nașterii=birth_date, Stradă=street, Cod poștal=postal_code, Oraș=city, Județ=region,
        Țara=country, Puncte fidelitate=loyalty_points, Data ultimei comenzi=last_purchase_at
    """,
    "Czech": """
        Zákaznické číslo=crmid, Oslovení=salutation, Jméno=first_name, Příjmení=last_name, Mobilní telefon=mobile,
        E-mailová adresa=email, Ulice a číslo=street, PSČ=postal_code, Město=city, Země=country,
        Datum narození=birth_date, Číslo karty=loyalty_id, Počet objednávek=order_count,
        Souhlas s marketingem=marketing_consent, Souhlas se zasíláním novinek=email_opt_in
    """,
    "Slovak": """
        Číslo zákazníka=crmid, Meno=first_name, Priezvisko=last_name, Telefónne číslo=phone, Elektronická pošta=email,
        Ulica a číslo=street, PSČ=postal_code, Obec=city, Krajina=country, Dátum narodenia=birth_date,
        Vernostná karta=loyalty_id, Posledný nákup=last_purchase_at, Dátum súhlasu=consent_at
    """,
    "Croatian": """
        Šifra kupca=crmid, Ime=first_name, Prezime=last_name, Mobitel=mobile, Broj telefona=phone, E-pošta=email,
        Ulica i broj=street, Poštanski broj=postal_code, Mjesto=city, Županija=region, Država=country,
        Datum rođenja=birth_date, Spol=gender, Broj kartice=loyalty_id
    """,
    "Serbian": """
        Ime i prezime=full_name, Broj telefona=phone, Mobilni telefon=mobile, Imejl=email, Adresa=street,
        Poštanski broj=postal_code, Grad=city, Država=country, Datum rodjenja=birth_date, Pol=gender,
        Poslednja kupovina=last_purchase_at, Broj porudžbina=order_count, Saglasnost=marketing_consent
    """,
    "Slovene": """
        Številka stranke=crmid, Ime=first_name, Priimek=last_name, Telefonska številka=phone, E-naslov=email,
        Naslov=street, Poštna številka=postal_code, Mesto=city, Država=country, Datum rojstva=birth_date,
        Kartica zvestobe=loyalty_id, Zadnji nakup=last_purchase_at, Točke=loyalty_points
    """,
    "Hungarian": """
        Ügyfélszám=crmid, Vezetéknév=last_name, Keresztnév=first_name, E-mail cím=email, Telefonszám=phone,
        Irányítószám=postal_code, Település=city, Utca házszám=street, Ország=country, Születési idő=birth_date,
        Nem=gender, Törzsvásárlói szám=loyalty_id, Pontok=loyalty_points, Utolsó vásárlás dátuma=last_purchase_at
    """,
    "Vietnamese": """
        Mã khách hàng=crmid, Họ và tên=full_name, Số điện thoại=phone, Di động=mobile, Địa chỉ email=email,
        Địa chỉ=street, Thành phố=city, Mã bưu điện=postal_code, Quốc gia=country, Ngày sinh=birth_date,
        Giới tính=gender, Hạng thành viên=loyalty_tier, Điểm tích lũy=loyalty_points, Ngày mua cuối=last_purchase_at
    """,
    "Indonesian": """
        Kode Pelanggan=crmid, Nama Lengkap=full_name, No. HP=mobile, No. Telp=phone, Alamat Email=email, Alamat=street,
        Kota=city, Provinsi=region, Kode Pos=postal_code, Negara=country, Tgl Lahir=birth_date, Jenis Kelamin=gender,
        No. Anggota=loyalty_id, Transaksi Terakhir=last_purchase_at
    """,
    "Malay": """
        No. Pelanggan=crmid, Nama Penuh=full_name, Telefon Bimbit=mobile, No. Telefon=phone, E-mel=email, Alamat=street,
        Bandar=city, Negeri=region, Poskod=postal_code, Negara=country, Tarikh Lahir=birth_date, Jantina=gender,
        No. Ahli=loyalty_id, Tarikh Daftar=customer_since
    """,
    "Norwegian": """
        Kundenr.=crmid, Fornavn=first_name, Etternavn=last_name, Tlf.=phone, Mobilnr.=mobile, E-postadresse=email,
        Gateadresse=street, Postnr.=postal_code, Poststed=city, Fylke=region, Fødselsdato=birth_date, Kjønn=gender,
        Medlemsnr.=loyalty_id, Siste kjøpsdato=last_purchase_at
    """,
    "Bulgarian": """
        Клиентски номер=crmid, Име=first_name, Презиме=last_name, Фамилия=last_name, Телефонен номер=phone,
        Мобилен телефон=mobile, Имейл адрес=email, Адрес=street, Пощенски код=postal_code, Град=city, Държава=country,
        Дата на раждане=birth_date, Номер на карта=loyalty_id, Последна покупка=last_purchase_at
    """,
    "Thai": """
        รหัสลูกค้า=crmid, คำนำหน้าชื่อ=salutation, ชื่อ=first_name, นามสกุล=last_name, เบอร์โทรศัพท์=phone, เบอร์มือถือ=mobile,
        อีเมล=email, ที่อยู่=street, อำเภอ/เขต=city, จังหวัด=region, รหัสไปรษณีย์=postal_code, วันเกิด=birth_date,
        รหัสสมาชิก=loyalty_id, วันที่ซื้อล่าสุด=last_purchase_at
    """,
    "Arabic": """
        رقم العميل=crmid, الاسم الأول=first_name, اسم العائلة=last_name, رقم الجوال=mobile, البريد الإلكتروني=email,
        العنوان=street, المدينة=city, الرمز البريدي=postal_code, الدولة=country, تاريخ الميلاد=birth_date,
        رقم العضوية=loyalty_id, نقاط الولاء=loyalty_points, عدد الطلبات=order_count, آخر زيارة=last_seen_at
    """,
    "Hebrew": """
        מס' לקוח=crmid, שם פרטי=first_name, שם משפחה=last_name, טלפון נייד=mobile, דוא"ל=email, כתובת=street, עיר=city,
        מיקוד=postal_code, תאריך לידה=birth_date, מין=gender, מספר כרטיס מועדון=loyalty_id, נקודות=loyalty_points,
        מטבע=currency, ביקור אחרון=last_seen_at
    """,
    "Greek": """
        Κωδικός πελάτη=crmid, Όνομα=first_name, Επώνυμο=last_name, Κινητό=mobile, Τηλέφωνο=phone, Διεύθυνση=street,
        Τ.Κ.=postal_code, Πόλη=city, Χώρα=country, Ημερομηνία γέννησης=birth_date, Αρ. κάρτας=loyalty_id,
        Συνολικές αγορές=ltv, Τελευταία σύνδεση=last_seen_at
    """,
}


@pytest.mark.parametrize("language", HEADERS)
def test_the_columns_of_a_language_mean_attributes(language: str) -> None:
    meant = dict(each.strip().split("=") for each in HEADERS[language].split(","))
    names = Names(BUILTIN)
    found = {column: match.attribute.name for column in meant if (match := names.match(column))}
    assert found == meant
    spoken = language_of(meant)
    assert spoken is not None
    assert language in spoken.name


@pytest.mark.parametrize("column", ["sat", "ten", "ho", "body", "hp", "gate"])
def test_short_words_of_one_language_are_others_in_another(column: str) -> None:
    assert Names(BUILTIN).match(column) is None


@pytest.mark.parametrize("column", ["slot_num", "product_name", "status", "fidele", "order_id", "x", "", "___", "日本"])
def test_other_names_mean_nothing(column: str) -> None:
    assert Names(BUILTIN).match(column) is None


@pytest.mark.parametrize("column", ["email_opt_out", "no_sms", "text"])
def test_an_opt_out_is_no_consent(column: str) -> None:
    match = Names(BUILTIN).match(column)
    assert match is None or not match.attribute.name.endswith("_opt_in")


def test_the_surer_way_to_find_a_name_scores_higher() -> None:
    names = Names(BUILTIN)
    scores = [
        match.score for name in ("email", "mail", "cust_mail", "emial", "work_mail") if (match := names.match(name))
    ]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 5


def test_an_attribute_of_the_tenant_is_found_by_its_display_name() -> None:
    hm = Attribute(name="hm", display_name="Home number")
    match = Names({**BUILTIN, "hm": hm}).match("home_number")
    assert match is not None
    assert match.attribute is hm


def test_each_alias_stands_under_one_attribute() -> None:
    keys = Counter(key for names in ALIASES.values() for key in {"".join(words(name)) for name in names})
    assert [key for key, count in keys.items() if count > 1] == []
    assert ALIASES.keys() == BUILTIN.keys()


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("ShoeSize", "shoe_size"),
        ("Größe in cm", "grosse_in_cm"),
        ("2nd choice", "column_2_nd_choice"),
        ("日本", "column_7"),
        ("x" * 400, "x" * 48),
    ],
)
def test_a_new_attribute_gets_a_valid_name(column: str, name: str) -> None:
    assert new_name(column, 7) == name
    assert NAME.match(name)


@pytest.mark.parametrize("column", ["address_id", "address_name", "address_status"])
def test_only_a_part_of_an_address_is_one(column: str) -> None:
    assert Names(BUILTIN).match(column) is None


@pytest.mark.parametrize(
    ("name", "column", "display"),
    [
        ("column_16", " 備考 ", "備考"),
        ("column_16", "備" * 500, "備" * MAX_DISPLAY_NAME),
        ("column_16", "備\n考", "Column 16"),
        ("column_16", "備\u202e考", "Column 16"),
        ("nickname", "氏名", "Nickname"),
        ("column_7", "Column 7", "Column 7"),
    ],
)
def test_a_new_attribute_is_called_as_its_column_where_its_name_says_nothing(
    name: str, column: str, display: str
) -> None:
    assert display_name(name, column) == display


@pytest.mark.parametrize(
    ("column", "called"),
    [
        ("Niveau_fidélité", "Niveau fidélité"),
        ("N°_sécurité", "N° sécurité"),
        ("grade", "Grade"),
        ("แต้ม", "แต้ม"),
        ("é\n", "E"),
    ],
)
def test_a_new_attribute_is_called_as_its_column_with_its_accents(column: str, called: str) -> None:
    assert display_name(new_name(column, 3), column) == called
