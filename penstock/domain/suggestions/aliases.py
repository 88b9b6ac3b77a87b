"""The names of columns in customer files, in several languages: one line per language and attribute.

Case, accents, spaces and punctuation do not matter: `E-Mail` is `email`. The attributes' own names and display names
need no entry. A word stands under one attribute only.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from penstock.domain.suggestions import aliases_beyond_latin

_TABLE = {
    "crmid": """
        id, uid, customer id, customer number, customer no, customer nr, customer code, customer key, cust id,
        cust no, cust ref, customer ref, customer reference, client ref, crm, crm nr, crm number, external id,
        client id, client number, client code, user id, person id, contact id, account id, account number,
        member id, customer, subscriber id, guest id, patient id, pers nr, debtor number
        klantnummer, klantnr, klant id, klantcode, relatienummer, debiteurnummer, debiteurnr
        kundennummer, kundennr, kunden id, kdnr, kd nr, kundenkennung
        numero client, no client, n client, code client, id client, identifiant, identifiant client, num client
        numero de cliente, numero cliente, codigo cliente, id cliente, cod cliente, codigo de cliente, n cliente,
        no cliente, nr cliente, nro cliente, num cliente, no de cliente, nro de cliente, codice cliente, id utente,
        codice utente
        numer klienta, nr klienta, id klienta, identyfikator
        kundnummer, kund id, kundnr, kundenummer, kundenr, asiakasnumero, asiakas id, asiakastunnus
        cislo zakaznika, id zakaznika, musteri no, musteri numarasi, ugyfelszam
        ugyfel szam, ugyfelkod, ugyfel kod, ugyfelazonosito, vevokod, vevoszam
        numar client, nr client, cod client
        zakaznicke cislo, kod zakaznika, cislo klienta, kod klienta, zakaznik id
        broj kupca, sifra kupca, id kupca, broj klijenta, sifra klijenta, id klijenta, stevilka stranke,
        sifra stranke, id stranke
        vasarloi azonosito, vevo azonosito, partnerkod, ugyfel id
        mã khách hàng, mã kh, số khách hàng, id khách hàng
        id pelanggan, no pelanggan, nomor pelanggan, kode pelanggan, nombor pelanggan, kod pelanggan
        kunde id
    """,
    "loyalty_id": """
        loyalty number, loyalty card, loyalty card number, loyalty no, card number, membership number, membership id,
        membership no, member number, member no, card no, bonus card, reward id, rewards number, club number, club id
        klantenkaart, klantenkaartnummer, kaartnummer, lidnummer, ledennummer, lidmaatschapsnummer,
        lidmaatschapnummer, lidcode, lid id, spaarkaart, spaarkaartnummer,
        no socio, n socio, nro socio, num socio, numero socio, no de socio, nro de socio,
        kaartnr, kaart nr, klantkaart, klantkaartnummer, kartennr, karten nr, kundenkartennr, nr karty, card nr
        kartennummer, kundenkarte, kundenkartennummer, mitgliedsnummer, mitgliedsnr, bonuskarte
        carte fidelite, numero de carte, numero carte fidelite, numero adherent, num carte
        tarjeta de fidelidad, numero de socio, tarjeta cliente, numero de tarjeta, tessera, carta fedelta,
        numero tessera, codice tessera, n tessera, codice carta, codice carta fedelta, numero carta fedelta
        cartao fidelidade, cartao de fidelidade, numero do cartao, numer karty, karta stalego klienta, medlemsnummer
        jasennumero, kanta asiakasnumero
        tarjeta, numero tarjeta, no tarjeta, nro tarjeta, num tarjeta, n tarjeta, tarjeta lealtad, tarjeta de lealtad,
        tarjeta fidelidad, monedero, monedero electronico
        card fidelitate, card de fidelitate, nr card, numar card, numar card fidelitate, nr card fidelitate, cod card
        cislo karty, vernostni karta, cislo vernostni karty, zakaznicka karta, klubova karta, cislo clena,
        vernostna karta, cislo vernostnej karty
        broj kartice, kartica vjernosti, kartica lojalnosti, loyalty kartica, broj clanske kartice, clanski broj,
        broj clana, stevilka kartice, stevilka clana, kartica zvestobe
        torzsvasarloi szam, torzsvasarloi kartya, torzsvasarloi kartyaszam, kartyaszam, husegkartya, husegkartya szam,
        klubkartya, klubkartya szam
        số thẻ, mã thẻ, thẻ thành viên, mã thành viên, số thẻ thành viên, mã hội viên, thẻ tích điểm
        no anggota, nomor anggota, no kartu, nomor kartu, no member, nomor member, id member, kartu member,
        kartu anggota, no ahli, nombor ahli, no keahlian
        medlemsnr, medlemskort, kundekort, fordelskort, bonuskort, kortnummer, kortnr
    """,
    "email": """
        email, mail, mail address, email adress, emailaddr, electronic mail, e mails, emails, primary email
        e mailadres, mailadres, emailadres, e mail adresse, mailadresse, email adresse
        courriel, adresse mail, adresse email, adresse electronique, adresse de messagerie, mel
        correo, correo electronico, direccion de correo, direccion email, correo e
        posta elettronica, indirizzo email, indirizzo mail, indirizzo di posta elettronica
        endereco de email, correio eletronico, correio electronico, adres email, adres e mail, poczta
        poczta elektroniczna, epost, e postadress, epostadress, e post, mejl, mejladress, epostadresse
        sahkoposti, sahkopostiosoite, emailova adresa, e posta, eposta, email cim
        adresa de email, posta electronica
        elektronicka posta, email adresa, adresa elektronicke posty
        elektronska posta, imejl, e naslov, elektronski naslov
        thư điện tử, địa chỉ email, hộp thư
        alamat email, surel, alamat surel, emel, alamat emel
    """,
    "phone": """
        phone, phone no, phone nr, phonenumber, tel, telephone, telephone number, telephone no, tel no, tel nr,
        landline,
        home phone, contact number, contact phone, phone home, fixed line, daytime phone, evening phone
        telefoon, telefoonnummer, telefoonnr, telnr, vaste telefoon, telefoon vast
        telefon, telefonnummer, telefonnr, rufnummer, festnetz, festnetznummer, fon
        telephone fixe, numero de telephone, tel fixe, num tel, no telephone, n telephone
        telefono, numero de telefono, telefono fijo, tfno, tlf, telefono fisso, numero di telefono,
        recapito telefonico
        telefone, numero de telefone, fone, telefone fixo, numer telefonu, nr telefonu, nr tel
        tfn, telefonnr hem, puhelin, puhelinnumero, puh, telefonni cislo, telefon numarasi, telefonszam
        nr telefon, numar telefon, numar de telefon, nr de telefon, telefon fix
        tel cislo, cislo telefonu, telefonne cislo, pevna linka
        broj telefona, fiksni telefon, telefonska stevilka, stacionarni telefon
        vezetekes telefon, tel szam
        số điện thoại, điện thoại, sđt, số đt, điện thoại cố định, điện thoại bàn
        telepon, no telepon, nomor telepon, telp, no telp, nomor telp, telepon rumah, no telefon, nombor telefon
        tlfnr, tlf nummer, fasttelefon, hjemmetelefon
    """,
    "mobile": """
        mobile, mobile phone, mobile no, mobile nr, mobilenumber, cell, cell phone, cellphone, cell number, gsm,
        gsm nummer,
        handphone, whatsapp, whatsapp number, sms number, msisdn
        mobiel, mobielnummer, mobiele telefoon, mobiel nummer, telefoon mobiel, 06 nummer
        handy, handynummer, handynr, mobil, mobilnummer, mobiltelefon, mobilfunk, mobilfunknummer
        portable, telephone portable, tel portable, telephone mobile, numero portable, num portable, tel mobile
        movil, telefono movil, celular, numero de celular, tel movil, cellulare, telefono cellulare, telemovel
        mobil telefon, mobiltelefonszam, mobilszam, komorka, telefon komorkowy, numer komorkowy, telefon kom, tel kom,
         tel komorkowy, nr komorki,
        mobiltelefonnummer, mobilnr, matkapuhelin, matkapuhelinnumero
        cep telefonu, gsm no
        telefon mobil, numar mobil, nr mobil
        mobilni telefon, mobilni cislo, cislo mobilu, mobilny telefon, mobilne cislo
        mobitel, broj mobitela, mobilni, broj mobilnog, broj mobilnog telefona, mobilna stevilka, gsm stevilka
        di động, điện thoại di động, số di động, số điện thoại di động, đtdđ
        no hp, nomor hp, nomor handphone, no handphone, no wa, nomor whatsapp, no whatsapp, ponsel, nomor ponsel,
        telefon bimbit, no telefon bimbit
        mobiltlf
    """,
    "salutation": """
        salutation, title, prefix, honorific, courtesy title, name prefix, mr mrs
        aanhef, titel, aanspreektitel
        anrede, anredetitel
        civilite, titre, civ
        tratamiento, titulo, saludo, trattamento, titolo, tratamento, forma grzecznosciowa, tytul, titteli
        formula de adresare, apelativ, titlu
        osloveni, oslovenie, titul
        oslovljavanje, titula, akademischer grad
        megszolitas, titulus
        danh xưng, xưng hô
        sapaan, gelaran, panggilan
        tiltale, tittel
    """,
    "first_name": """
        first name, firstname, fname, given name, givenname, forename, christian name, name first, first, given
        voornaam, roepnaam, voornamen
        vorname, vornamen, rufname
        prenom, prenoms
        nombre, nombre de pila, nombres, primer nombre, nome proprio, primeiro nome, nome
        imie, imiona, fornamn, fornavn, tilltalsnamn, etunimi, etunimet, jmeno, krestni jmeno, ad, isim, keresztnev
        adi, isim adi
        prenume
        meno, krstne meno
        ime
        utonev
        tên riêng, tên gọi
        nama depan, nama pertama
    """,
    "middle_name": """
        middle name, middlename, mname, middle initial, middle, second name, initial, mi
        tussenvoegsel, tussenvoegsels, tussenv, tweede naam
        zweiter vorname, namenszusatz, deuxieme prenom, segundo nombre, secondo nome, nome do meio, drugie imie,
        mellannamn, mellemnavn, mellomnavn
        al doilea prenume, prostredni jmeno, druhe jmeno, srednje ime, kozepso nev, masodik nev, tên đệm, nama tengah
    """,
    "last_name": """
        last name, lastname, lname, surname, family name, familyname, sname, name last, last
        achternaam, familienaam, geslachtsnaam
        nachname, familienname, zuname
        nom de famille, nom, nom famille, nom usuel
        apellido, apellidos, primer apellido, cognome, sobrenome, apelido, ultimo nome
        nazwisko, efternamn, etternavn, efternavn, sukunimi, prijmeni, soyad, soyadi, soyisim, vezeteknev
        nume, nume de familie, nume familie
        priezvisko
        prezime, priimek
        csaladi nev, csaladnev
        họ đệm, họ và tên đệm
        nama belakang, nama keluarga, nama akhir
    """,
    "full_name": """
        name, full name, fullname, customer name, client name, contact name, display name, person name,
        contact person,
        account holder, cardholder name, customer full name, customer or company, name or company, holder,
        first and last name, first name last name, name and surname, contact person name
        naam, volledige naam, klantnaam, contactpersoon, naam klant, naam of bedrijfsnaam, voor en achternaam,
        rekeninghouder, tenaamstelling, klant
        vollstandiger name, vor und nachname, kundenname, ansprechpartner, kontaktperson, kunde, name des kunden,
        name oder firma, vorname nachname, vorname und nachname, nachname vorname, kontoinhaber, inhaber
        nom complet, nom et prenom, nom prenom, prenom nom, nom du client, nom client, nom ou raison sociale,
        prenom et nom, titulaire, nom du titulaire, nom du contact
        nombre completo, nombre y apellidos, nombre y apellido, nombre del cliente, nombre cliente,
        apellidos y nombre, nombre o razon social, titular, nombre del titular
        nome completo, nome e cognome, cognome e nome, cognome nome, nome cognome, nominativo, intestatario,
        nominativo cliente, nome cliente, denominazione
        nome do cliente, nome e sobrenome, nome e apelido, nome ou razao social, nome do titular
        imie i nazwisko, nazwisko i imie, nazwa klienta, nazwa, imie nazwisko, imie i nazwisko klienta, posiadacz
        namn, fullstandigt namn, for och efternamn, kundnamn, kontaktnamn, namn pa kund
        navn, fulde navn, fullt navn, kundenavn, for og efternavn, nimi, koko nimi, asiakkaan nimi,
        etunimi ja sukunimi, ad soyad, adi soyadi, isim soyisim, musteri adi, ad ve soyad, jmeno a prijmeni
        nume complet, nume si prenume, nume prenume, prenume si nume, prenume nume, nume client, numele clientului,
        denumire client
        jmeno prijmeni, prijmeni a jmeno, cele jmeno, jmeno zakaznika, zakaznik, kontaktni osoba, meno a priezvisko,
        cele meno, meno zakaznika, kontaktna osoba
        ime i prezime, prezime i ime, ime prezime, puno ime, ime kupca, naziv kupca, kupac, kontakt osoba,
        ime in priimek, priimek in ime, polno ime, ime stranke
        nev, teljes nev, ugyfel neve, ugyfelnev, vevo neve, vevonev, vasarlo neve, kapcsolattarto
        họ và tên, họ tên, tên đầy đủ, tên khách hàng, tên kh, khách hàng
        nama, nama lengkap, nama pelanggan, nama penuh, nama customer
        fornavn og etternavn, fornavn etternavn, kontaktnavn
    """,
    "birth_date": """
        birth date, birthdate, birthday, date of birth, dob, born, born on, bday, d o b, birth
        geboortedatum, geb datum, gebdatum, geboren, geboren op, verjaardag
        geburtsdatum, geburtstag, geb dat, gebdat
        date de naissance, date naissance, naissance, ddn, ne le
        fecha de nacimiento, fecha nacimiento, f nacimiento, nacimiento, fec nac, fecha nac
        data di nascita, data nascita, nascita, data de nascimento, nascimento
        data urodzenia, urodziny, fodelsedatum, fodelsedag, fodselsdato, fodselsdag, foedselsdato, syntymaaika,
        syntymapaiva, datum narozeni, dogum tarihi, szuletesi datum
        birth dt, geb, fodt, dogum gunu, data ur, dat nasc, data nasc, dt nasc, f nac, nac, gebd
        data nasterii, data nastere, data de nastere, ziua de nastere
        narozeni, dat narozeni, dat nar, datum nar, narozen, datum narodenia, narodenie
        datum rođenja, datum rodjenja, dat rodenja, rodendan, datum rojstva, rojstni datum
        szuletesi ido, szul datum, szul ido, szuletesnap, szuletett
        ngày sinh, ngày tháng năm sinh, sinh nhật
        tanggal lahir, tgl lahir, tarikh lahir, hari lahir
        fodt dato, bursdag
    """,
    "birth_year": """
        birth year, birthyear, year of birth, yob, year born
        geboortejaar, geburtsjahr, jahrgang, annee de naissance, annee naissance, ano de nacimiento, anno di nascita,
        ano de nascimento, rok urodzenia, fodelsear, fodselsar, syntymavuosi
        anul nasterii, an nastere, rok narozeni, rok narodenia, godina rođenja, godina rodjenja, leto rojstva,
        szuletesi ev, năm sinh, tahun lahir
    """,
    "gender": """
        gender, sex, gender code, m f
        geslacht, sekse, geschlecht, sexe, genre, genero, sexo, sesso, genere, plec, kon, kjonn, sukupuoli, pohlavi,
        cinsiyet
        gen, genul, pohlavie, spol, pol, nem, neme, giới tính, jenis kelamin, jantina
    """,
    "language": """
        language, lang, language code, locale, preferred language, spoken language, mother tongue
        taal, taalcode, voorkeurstaal, sprache, langue, idioma, lengua, lingua, jezyk, sprak, sprog, kieli, jazyk, dil
        konusma dili, jezyk klienta
        limba, jezik, nyelv, ngôn ngữ, bahasa
    """,
    "time_zone": """
        time zone, timezone, tz, tijdzone, zeitzone, fuseau horaire, zona horaria, fuso orario, strefa czasowa,
        tidszon
        fus orar, casove pasmo, casova zona, vremenska zona, casovni pas, idozona, múi giờ, zona waktu, tidssone
    """,
    "street": """
        street, street address, address, address 1, address line 1, address1, addr, addr1, street 1, street name,
        address street, mailing address, home address, postal address
        straat, adres, straatnaam, straat en huisnummer, adresregel 1, woonadres
        strasse, str, strassenname, anschrift, strasse hausnummer, strasse und hausnummer, adresse, strasse hausnr
        rue, adresse 1, adresse postale, voie, nom de rue, adresse ligne 1
        calle, direccion, domicilio, via, indirizzo, rua, endereco, morada, logradouro
        ulica, gata, gatuadress, adress, postadress, gateadresse, vej, katuosoite, osoite, ulice, adresa, sokak
        utca, cim, lakcim, utca hazszam, utca es hazszam, ulica i nr, ulica i numer, ulica nr domu, straat en nr,
         strasse und nr, rue et numero, calle y numero
        strada, adresa de domiciliu, adresa postala, domiciliu
        ulice a cislo, ulice a cp, ulice cp, ulica a cislo, ulica cislo
        ulica i broj, ulica i kucni broj, ulica in hisna stevilka, ulica in stevilka, naslov, adresa stanovanja
        kozterulet, utca hsz, postacim, szallitasi cim
        địa chỉ, đường, tên đường, số nhà và đường, địa chỉ nhà
        alamat, alamat lengkap, alamat rumah, jalan, nama jalan
        postadresse, gatenavn, veiadresse, besoksadresse, gate og husnummer
    """,
    "house_number": """
        house number, house no, house nr, street number, building number, number addition, housenumber
        huisnummer, huisnr, huisnummer toevoeging, hausnummer, hausnr, hnr, numero de rue, numero de calle,
        numero civico,
        numero de porta, numer domu, nr domu, husnummer, gatunummer, talonumero, cislo popisne
        numar casa, nr casa, cislo domu, cislo popisne a orientacni, cislo orientacni, kucni broj, hisna stevilka,
        hazszam, số nhà, nomor rumah, no rumah, husnr
    """,
    "address_line_2": """
        address line 2, address 2, address2, addr2, addr 2, apartment, apt, suite, unit, street 2, street line 2,
        address additional
        adresregel 2, adresse 2, adresszusatz, complement adresse, complement d adresse, complemento, piso, interno,
        complemento endereco, mieszkanie, nr mieszkania, c o
        apartament, nr apartament, byt, cislo bytu, stan, emelet ajto, căn hộ
    """,
    "postal_code": """
        postal code, postalcode, zip, zip code, zipcode, post code, postcode, zip postal code, postal, postal zip
        eircode, postleitzahl, plz, pc
        code postal, cp, codepostal
        codigo postal, cod postal, cap, codice postale, codice avviamento postale, cep
        pin code, pincode, postal pin, kod pocztowy, postnummer, postnr, postinumero, psc, posta kodu, iranyitoszam
        codul postal
        postovni smerovaci cislo, postove smerovacie cislo
        postanski broj, postanski kod, postna stevilka
        irsz, ir szam, postai iranyitoszam
        mã bưu điện, mã bưu chính, mã zip
        kode pos, poskod
    """,
    "city": """
        city, town, city name, place, locality, municipality, city town, suburb
        plaats, woonplaats, stad, plaatsnaam, gemeente
        stadt, ort, wohnort, ortschaft
        ville, commune, localite
        ciudad, localidad, poblacion, municipio, citta, comune, localita, cidade, localidade
        varos, telepules, helyseg, miasto, miejscowosc, stad ort, postort, by, poststed, kaupunki, postitoimipaikka,
         mesto, obec, sehir, il
        oras, orasul, localitate, localitatea
        mesto obec, obec mesto
        grad, mjesto, naselje, mjesto stanovanja
        lakohely
        thành phố, tỉnh thành phố
        kota, kabupaten kota, kota kabupaten, kabupaten, bandar
        sted
    """,
    "region": """
        region, state, province, county, state province, state region, district, state code, st, province code
        provincie, bundesland, land kreis, departement, departement region, comunidad autonoma, estado, provincia,
        regione, regiao, distrito, wojewodztwo, lan, fylke, maakunta, kraj
        judet, judetul
        okres, zupanija, regija, okrug
        megye, tỉnh, tỉnh thành
        provinsi, negeri
    """,
    "country": """
        country, country code, country name, nation, iso country, country iso, countrycode, country of residence
        land, landcode, landnaam, staat, laenderkennung, landerkennzeichen, landerkurzel, land iso
        pays, code pays, pais, codigo pais, paese, nazione, stato, kraj zamieszkania, panstwo, landskod,
        landekode, maa,
        zeme, ulke
        tara, tara de resedinta, stat, krajina, drzava, zemlja, orszag, quốc gia, negara
    """,
    "company": """
        company, company name, organisation, organization, business name, business, employer, account name, firm,
        organisation name, organization name
        bedrijf, bedrijfsnaam, organisatie, firma, firmenname, unternehmen, societe, entreprise, raison sociale,
        nom entreprise, denomination sociale, empresa, nombre empresa, razon social, razao social,
        azienda, ragione sociale, societa, nome da empresa,
        nazwa firmy, foretag, foretagsnamn, firmanavn, yritys, spolecnost, sirket
        sirket adi, isletme
        companie, denumire firma, nume firma, societate, nume companie
        nazev firmy, nazev spolecnosti, spolocnost, nazov firmy, nazov spolocnosti
        tvrtka, naziv tvrtke, naziv firme, preduzece, poduzece, podjetje, ime podjetja, naziv podjetja
        cegnev, ceg, ceg neve
        công ty, tên công ty, doanh nghiệp
        perusahaan, nama perusahaan, syarikat, nama syarikat
        bedrift, bedriftsnavn, selskap, selskapsnavn
    """,
    "job_title": """
        job title, jobtitle, job, position, occupation, role, profession, function, job role
        functie, beroep, functietitel, beruf, stelle, berufsbezeichnung, fonction, poste, metier,
        intitule du poste, cargo,
        puesto, profesion, professione, ruolo, mansione, profissao, stanowisko, zawod, yrke, befattning, stilling,
        ammatti, tehtava
        unvan, meslek
        profesie, ocupatie, functia
        pozice, pracovni pozice, povolani, funkce, pracovna pozicia, povolanie
        zanimanje, radno mjesto, radno mesto, delovno mesto, poklic
        beosztas, foglalkozas, munkakor
        chức vụ, chức danh, nghề nghiệp
        pekerjaan, jawatan
        stillingstittel
    """,
    "industry": """
        industry, sector, business sector, branche, bedrijfstak, wirtschaftszweig, secteur, secteur d activite,
        industria,
        settore, setor, branza, bransch, bransje, toimiala
        sektor, faaliyet alani
        industrie, domeniu de activitate, odvetvi, odvetvie, djelatnost, delatnost, dejavnost, iparag, agazat,
        ngành nghề, lĩnh vực, bidang usaha, industri
    """,
    "website": """
        website, web site, url, homepage, web, site, web page, webpage, www, home page, website url
        webseite, internetadresse, site web, site internet, sitio web, pagina web, sito, sito web, strona www,
        strona internetowa, webbplats, hemsida, hjemmeside, nettside, verkkosivu, kotisivu, weboldal
        webova stranka, webove stranky, web stranica, internet stranica, spletna stran, honlap, trang web, situs web,
        laman web, nettsted
    """,
    "customer_since": """
        customer since, member since, registered, registration date, signup date, sign up date, signup, joined,
        join date, joined on, date joined, created date, subscription date, enrollment date, start date
        account created, date registered, since
        klant sinds, lid sinds, aanmelddatum, inschrijfdatum, registratiedatum, aangemeld op
        kunde seit, mitglied seit, registrierungsdatum, anmeldedatum, eintrittsdatum, registriert am
        client depuis, membre depuis, date inscription, date d inscription, date de creation, date adhesion
        cliente desde, fecha de alta, fecha alta, fecha de registro, fecha registro, cliente dal, data registrazione,
        data iscrizione, data de cadastro, data de registo, data cadastro, klient od, data rejestracji, kund sedan,
        medlem sedan, kunde siden, registreringsdatum, asiakas alkaen
        creation date, aanmaakdatum, aangemaakt op, angelegt am, erstellt am, anlagedatum, erstellungsdatum,
        date creation, fecha de creacion, fecha creacion, data creazione, data di creazione, data de criacao,
        data criacao, data utworzenia, skapad, skapad datum, registrerad, kayit tarihi, uyelik tarihi, olusturma tarihi
        data inregistrarii, data inregistrare, data inscrierii, data inscriere, client din, membru din, data crearii
        datum registrace, registrace, registrovan od, zakaznikem od, zakaznik od, clenem od, datum vytvoreni,
        datum registracie, registracia, zakaznikom od, clenom od, datum vytvorenia
        datum registracije, registriran od, kupac od, clan od, datum uclanjenja, datum kreiranja, datum vclanitve,
        stranka od, datum vpisa
        regisztracio, regisztracio datuma, regisztralt, regisztracio ideje, ugyfel ota, tagsag kezdete,
        letrehozas datuma, letrehozva
        ngày đăng ký, ngày tham gia, ngày tạo, khách hàng từ, thành viên từ
        tanggal daftar, tgl daftar, tanggal registrasi, tanggal bergabung, tgl bergabung, tanggal dibuat,
        pelanggan sejak, tarikh daftar, tarikh pendaftaran, ahli sejak
        registrert, registrert dato, registreringsdato, opprettet, opprettet dato, medlem siden, innmeldt,
        innmeldingsdato, innmeldt dato
    """,
    "customer_type": """
        customer type, client type, type of customer, customer category, customer group, customer segment,
        account type
        klanttype, klantsoort, type klant, kundentyp, kundengruppe, kundenart, type client, type de client,
        tipo cliente, tipo de cliente, tipo di cliente, typ klienta, kundtyp, kundetype, asiakastyyppi
        musteri tipi, musteri turu
        tip client, categorie client, typ zakaznika, skupina zakazniku, tip kupca, vrsta kupca, vrsta stranke,
        ugyfeltipus, ugyfel tipusa, vevocsoport, loại khách hàng, nhóm khách hàng, tipe pelanggan, jenis pelanggan,
        kategori pelanggan, kundegruppe
    """,
    "loyalty_tier": """
        loyalty tier, tier, loyalty level, loyalty status, membership level, member level, membership tier,
        member tier,
        loyalty class, card type, club level, reward tier
        niveau klantenkaart, spaarniveau, kundenstatus, treuestufe, bonusstufe, niveau fidelite, statut fidelite,
        nivel de fidelidad, nivel fidelidad, livello fedelta, nivel de fidelidade, poziom lojalnosci, medlemsniva,
        medlemsniveau, jasentaso
        sadakat seviyesi, uyelik seviyesi
        nivel fidelitate, nivel de fidelitate, nivel card, nivel loialitate
        uroven vernosti, vernostni uroven, vernostni stupen, vernostna uroven, uroven clenstvi, uroven clenstva
        razina vjernosti, razina lojalnosti, nivo lojalnosti, stopnja zvestobe, status clana, razina clanstva
        husegszint, torzsvasarloi szint, tagsagi szint
        hạng thành viên, hạng thẻ, cấp độ thành viên, hạng khách hàng
        level member, tingkat keanggotaan, tingkat member, level keanggotaan, tahap keahlian
        kundeniva, bonusniva, lojalitetsniva
        poziom karty, typ karty, rodzaj karty, poziom klienta, poziom czlonkostwa, poziom programu,
        poziom programu lojalnosciowego, poziom lojalnosciowy
        uroven karty, stupen vernosti, clenska uroven, uroven vernostniho programu, uroven vernostneho programu
        kartya szint, kartyaszint, kartya szintje, klubszint, kartya tipusa
        nivelul cardului, nivel client, tip card, nivel de loialitate
    """,
    "loyalty_points": """
        loyalty points, points, reward points, bonus points, points balance, point balance, rewards
        punten, spaarpunten, puntensaldo, punkte, punktestand, bonuspunkte, treuepunkte, points fidelite,
        solde points,
        puntos, saldo de puntos, saldo puntos, punti, saldo punti, punti fedelta, pontos, saldo de pontos, punkty,
        liczba punktow, poang, bonuspoang, poeng, pisteet
        puan, puanlar, sadakat puani
        puncte, puncte fidelitate, puncte de fidelitate, puncte bonus, sold puncte
        vernostni body, pocet bodu, stav bodu, vernostne body, pocet bodov, stav bodov
        bodovi, bodovi vjernosti, broj bodova, stanje bodova, poeni, tocke, tocke zvestobe, stanje tock
        pontok, pontszam, husegpontok, pontegyenleg, bonuszpontok
        điểm, điểm tích lũy, điểm thưởng, số điểm
        poin, jumlah poin, saldo poin, total poin, mata ganjaran
        poengsaldo, bonuspoeng, antall poeng
        pkt, pkt lojalnosciowe, liczba pkt, saldo pkt, stan pkt, suma pkt, punkty lojalnosciowe, punkty bonusowe,
        ilosc punktow, saldo punktow, stan punktow, suma punktow
        bonusove body, body celkem, saldo bodu, zustatek bodu, saldo bodov, zostatok bodov, body spolu
        pontok szama, osszes pont, gyujtott pontok, aktualis pontok
        numar puncte, numar de puncte, total puncte, puncte acumulate, puncte loialitate, puncte de loialitate
    """,
    "ltv": """
        ltv, lifetime value, customer lifetime value, clv, cltv, customer value
        klantwaarde, kundenwert, valeur client, valor de vida, valor del cliente, valore cliente, valor do cliente,
        kundvarde, kundeverdi
        lifetime spend, total spend, total spent, lifetime revenue, total revenue, amount spent, lifetime sales
        totale omzet, omzet totaal, totaal besteed, gesamtumsatz, umsatz gesamt, ca cumule, ca total,
        chiffre d affaires cumule, total depense, gasto total, total gastado, spesa totale, totale speso,
        total gasto, valor total gasto, suma zakupow, wartosc zakupow, totalt kopt, toplam harcama
        valoare client, total cumparaturi, total achizitii, total cheltuit, valoare totala comenzi
        celkova utrata, utrata celkem, obrat celkem, hodnota zakaznika, celkovy obrat, utrata spolu
        ukupna potrosnja, ukupno potroseno, ukupan promet, ukupni promet, skupna poraba, skupni nakupi
        osszes koltes, teljes koltes, osszes vasarlas, ugyfelertek
        tổng chi tiêu, tổng mua hàng, tổng tiền mua, tổng doanh số
        total belanja, total pembelian, jumlah belanja, jumlah pembelian, total transaksi
        totalt kjop, kjop totalt, totalt handlet, total omsetning, omsetning totalt
    """,
    "currency": """
        currency, currency code, iso currency, valuta, munteenheid, wahrung, waehrung, devise, monnaie, moneda,
        divisa,
        moeda, waluta, valuutta, mena, para birimi
        penznem, devizanem, tiền tệ, loại tiền, đơn vị tiền tệ, mata uang, mata wang
    """,
    "order_count": """
        order count, orders, number of orders, total orders, num orders, no of orders, orders count, purchase count,
        number of purchases, nr of orders, purchases
        aantal bestellingen, aantal orders, bestellingen, anzahl bestellungen, bestellungen, nombre de commandes,
        nb commandes, commandes, numero de pedidos, pedidos, numero ordini, ordini, liczba zamowien,
        antal bestallningar,
        antal ordrer, antal kop, tilausten maara
        nombre commandes, nb de commandes, n pedidos, num pedidos, qtd pedidos, quantidade de pedidos,
        no de pedidos, n de pedidos, num de pedidos, no pedidos, nro de pedidos, no de compras, n de compras, no compras
        numero de compras, num de compras, cantidad de pedidos, cantidad de compras, total de pedidos, total pedidos
        encomendas, no encomendas, n encomendas, numero de encomendas, numero encomendas, total encomendas,
        no de encomendas
        quantidade pedidos, n ordini, numero di ordini, ilosc zamowien, antal ordrar, antal order, siparis sayisi
        numar comenzi, nr comenzi, numar de comenzi, comenzi, numar achizitii
        pocet objednavek, objednavky, pocet nakupu, pocet objednavok, pocet nakupov
        broj narudzbi, broj porudzbina, broj kupovina, broj kupnji, narudzbe, stevilo narocil, stevilo nakupov
        rendelesek szama, rendelesek, vasarlasok szama
        số đơn hàng, tổng đơn hàng, số lượng đơn hàng, tổng số đơn hàng, số lần mua
        jumlah pesanan, jumlah order, total pesanan, jumlah transaksi, total order
        antall ordre, antall ordrer, antall kjop, antall bestillinger, ordrer
    """,
    "last_purchase_at": """
        last purchase, last purchase date, last order, last order date, last bought, latest order,
        date of last purchase,
        last order at, last transaction, last transaction date
        laatste aankoop, laatste bestelling, datum laatste aankoop, laatste besteldatum, letzter kauf,
        letzte bestellung,
        letztes kaufdatum, datum letzter kauf, dernier achat, derniere commande, date dernier achat,
        date derniere commande, ultima compra, fecha ultima compra, ultimo pedido, ultimo acquisto, ultimo ordine,
        data ultimo acquisto, data ultima compra, ostatni zakup, data ostatniego zakupu, senaste kop, siste kjop,
        seneste kob, viimeisin osto
        last txn, last txn date, datum laatste bestelling, letztes bestelldatum, date de dernier achat,
        date de derniere commande, fecha ultimo pedido, data ultimo ordine, data ultimo pedido, data do ultimo pedido,
        ostatnie zamowienie, data ostatniego zamowienia, senaste order, son alisveris, son siparis, son siparis tarihi
        ultima achizitie, data ultimei achizitii, ultima comanda, data ultimei comenzi, ultima cumparare,
        data ultimei cumparaturi
        posledni nakup, datum posledniho nakupu, posledni objednavka, datum posledni objednavky, posledny nakup,
        datum posledneho nakupu, posledna objednavka, datum poslednej objednavky
        zadnja kupnja, posljednja kupnja, datum zadnje kupnje, datum posljednje kupnje, zadnja narudzba,
        poslednja kupovina, datum poslednje kupovine, zadnji nakup, datum zadnjega nakupa, datum zadnjega narocila,
        zadnje narocilo
        utolso vasarlas, utolso vasarlas datuma, utolso rendeles, utolso rendeles datuma
        ngày mua cuối, lần mua cuối, mua gần nhất, ngày mua gần nhất, lần mua gần nhất, đơn hàng gần nhất,
        ngày mua hàng gần nhất, ngày mua cuối cùng
        pembelian terakhir, tanggal pembelian terakhir, tgl pembelian terakhir, transaksi terakhir,
        tanggal transaksi terakhir, pesanan terakhir, belanja terakhir, tarikh pembelian terakhir
        dato siste kjop, siste kjopsdato, siste ordre, dato siste ordre, siste bestilling
    """,
    "last_seen_at": """
        last seen, last login, last active, last visit, last activity, last login date, last seen on, last logged in,
        last login at, last access
        laatst gezien, laatste bezoek, laatste login, letzter besuch, letzter login, zuletzt gesehen, derniere visite,
        derniere connexion, ultima visita, ultimo acceso, ultimo accesso, ultimo acesso, ostatnia wizyta,
        ostatnie logowanie, senaste besok, senaste inloggning, siste besok
        date derniere visite, date de derniere visite, senast inloggad, son giris, son ziyaret
        ultima vizita, ultima autentificare, ultima conectare, ultima logare
        posledni prihlaseni, posledni navsteva, posledni aktivita, posledne prihlasenie, posledna navsteva
        zadnja prijava, posljednja prijava, poslednja prijava, zadnji posjet, posljednji posjet, poslednja poseta,
        zadnji obisk
        utolso belepes, utolso bejelentkezes, utolso latogatas
        đăng nhập cuối, lần đăng nhập cuối, lần truy cập cuối, truy cập gần nhất
        kunjungan terakhir, login terakhir, terakhir login, lawatan terakhir
        sist innlogget, siste innlogging, sist aktiv, sist sett, dato siste besok
    """,
    "preferred_store": """
        preferred store, favourite store, favorite store, home store, store, preferred shop, local store
        voorkeurswinkel, favoriete winkel, stammfiliale, bevorzugte filiale, filiale, magasin prefere, magasin,
        tienda preferida, tienda, negozio preferito, loja preferida, ulubiony sklep, favoritbutik, suosikkimyymala
        tercih edilen magaza, magaza
        magazin, magazin preferat
        prodejna, oblibena prodejna, pobocka, predajna, oblubena predajna
        omiljena trgovina, poslovnica, prodavnica, omiljena prodavnica, najljubsa trgovina
        uzlet, kedvenc uzlet, kedvenc bolt
        cửa hàng, chi nhánh
        toko, cabang, toko favorit, cawangan, kedai
        butikk, favorittbutikk
    """,
    "marketing_consent": """
        marketing consent, consent, opt in, optin, opted in, marketing opt in, marketing, gdpr consent,
        marketing permission,
        agreed to marketing, marketing allowed, accepts marketing, consent marketing
        toestemming, toestemming marketing, marketing toestemming, akkoord
        einwilligung, werbeeinwilligung, marketing einwilligung, zustimmung, werbung erlaubt
        consentement, accord marketing, consentement marketing, accepte marketing
        consentimiento, acepta marketing, consentimiento marketing, acepta publicidad, consenso, consenso marketing,
        consentimento, aceita marketing, zgoda, zgoda marketingowa, zgoda na marketing, samtycke, samtykke,
        markkinointilupa
        pazarlama izni, pazarlama onayi
        consimtamant, consimtamant marketing, acord marketing, acord gdpr
        aceita receber ofertas, aceita ofertas, aceita receber promocoes, aceita receber novidades,
        deseja receber ofertas, aceita publicidade, aceita receber publicidade
        souhlas, souhlas s marketingem, marketingovy souhlas, souhlas gdpr, suhlas, suhlas s marketingom,
        marketingovy suhlas
        privola, privola za marketing, marketinska privola, suglasnost, saglasnost, saglasnost za marketing, soglasje,
        soglasje za trzenje, privolitev
        hozzajarulas, marketing hozzajarulas
        đồng ý marketing, đồng ý nhận tin, đồng ý tiếp thị, đồng ý nhận quảng cáo
        persetujuan, persetujuan pemasaran, persetujuan marketing, kebenaran pemasaran
        markedsforingssamtykke, samtykke markedsforing, samtykke til markedsforing
        zgoda marketing, zgody marketingowe, zgoda na przetwarzanie w celach marketingowych, zgoda rodo, zgoda handlowa,
        zgoda na informacje handlowe, zgoda na informacje marketingowe
        souhlas marketing, souhlas s marketingovymi sdelenimi, suhlas marketing, suhlas gdpr,
        suhlas s marketingovou komunikaciou
        hozzajarulas marketing, marketing hozzajarulasa, marketing celu hozzajarulas, gdpr hozzajarulas
        acord de marketing, acord publicitate, consimtamant de marketing, consimtamant gdpr
    """,
    "email_opt_in": """
        email opt in, email optin, newsletter, newsletter subscription, subscribed, email consent, email subscription,
        email subscribed, newsletter opt in, mail opt in, email permission, receives newsletter, newsletter consent
        nieuwsbrief, nieuwsbrief ja nee, email toestemming, newsletter anmeldung, newsletter abonniert,
        abonne newsletter, lettre d information, infolettre, boletin, suscrito, iscritto newsletter, nyhetsbrev,
        nyhedsbrev,
        uutiskirje, bulten
        newsletter subscribed, bulten aboneligi
        abonat newsletter, abonare newsletter, acord email
        souhlas se zasilanim novinek, souhlas se zasilanim newsletteru, souhlas se zasilanim obchodnich sdeleni,
        zasilani novinek, odber novinek, suhlas so zasielanim noviniek, suhlas so zasielanim newslettera
        odber newsletteru, zasilani newsletteru, souhlas email, odber noviniek, suhlas email
        pretplata na newsletter, newsletter pretplata, prijava na newsletter, privola email, e novice
        hirlevel, hirlevel feliratkozas, hirlevelre feliratkozott, email hozzajarulas
        nhận email, đăng ký nhận tin, đăng ký nhận email, bản tin
        langganan newsletter, berlangganan email, persetujuan email, buletin
        samtykke epost, epost samtykke
    """,
    "sms_opt_in": """
        sms opt in, sms optin, sms consent, sms, sms permission, text opt in, sms marketing, sms toestemming,
        sms einwilligung, consentement sms, consentimiento sms, consenso sms, zgoda sms
        acord sms, consimtamant sms, souhlas sms, sms souhlas, suhlas sms, sms privola, privola za sms,
        saglasnost sms, sms soglasje, sms hozzajarulas, nhận sms, đồng ý sms, đồng ý nhận sms, persetujuan sms,
        samtykke sms, sms samtykke
    """,
    "consent_at": """
        consent at, consent date, consent time, date of consent, consent timestamp, opt in date, gdpr date
        datum toestemming, toestemmingsdatum, einwilligungsdatum, datum einwilligung, date consentement,
        fecha consentimiento, data consenso, data consentimento, data zgody, samtyckesdatum
        onay tarihi, izin tarihi
        data consimtamantului, data consimtamant, data acordului, data acord
        datum souhlasu, datum suhlasu, datum privole, datum suglasnosti, datum saglasnosti, datum soglasja
        hozzajarulas datuma, ngày đồng ý, tanggal persetujuan, tgl persetujuan, tarikh persetujuan
        samtykkedato, dato samtykke
    """,
}


def _written(name: str) -> Iterator[str]:
    """A name, and as it is with a capital Đ, which is no capital d without its stroke: `Điện thoại`, `ĐIỆN THOẠI`."""
    yield name
    if "đ" in name:
        yield name.replace("đ", "Đ", 1)
        yield name.replace("đ", "Đ")


ALIASES: MappingProxyType[str, tuple[str, ...]] = MappingProxyType(
    {
        attribute: tuple(
            written
            for line in f"{words}\n{aliases_beyond_latin.TABLE.get(attribute, '')}".splitlines()
            for name in line.split(",")
            if name.strip()
            for written in _written(name.strip())
        )
        for attribute, words in _TABLE.items()
    }
)


def word_set(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


# Words around the part of a column's name that matters: `cust_email`, `Customer E-Mail Address`, `billing_city`.
OWNERS = word_set(
    """
    customer cust client user contact person personal main primary crm tbl fld col c my member subscriber account
    profile klant kunde kunden kunde cliente client klient kund asiakas guest buyer billing shipping home private
    prive privat principal default current the of new number nr value field
    """
)

# Words in a name that make its numbers codes, which are not counted with.
# A name that ends with one of them may end with any other: `Lidnr.` is `lidnummer`. A short word may end with letters
# such as `no` or `num` by chance.
NUMBER_ENDINGS = ("nummer", "number", "numero", "numer", "nr", "num")
NUMBER_WORDS = (*NUMBER_ENDINGS, "no", "nro")

CODE_WORDS = word_set(
    """
    id ids code codes nr no num number numer numero nummer nummero key ref reference sku isbn ean uuid guid zip plz
    postal postcode account konto card kaart karte iban bic vat ssn bsn hash token index
    """
)
