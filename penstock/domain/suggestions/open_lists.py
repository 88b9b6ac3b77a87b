"""Lists that grow: an enumeration of what this file has would drop next month's new campaigns, cashiers and codes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from penstock.domain.suggestions.aliases import word_set
from penstock.domain.suggestions.names import words

MAX_OPTIONS = 10  # more may be surnames or towns of which a small file has few
MAX_WORDS = 3  # of an option: more are a text
MAX_OPTION = 30  # characters

_DIGIT = re.compile(r"\d")
# The beginnings of words in the name of a column whose list has new values from time to time.
_GROWING = tuple(
    word_set(
        """
        campaign campagn campan kampagn kampan kampanj promo coupon kupon cupon voucher gutschein aktion utm cashier
        kassier kasser kasiyer kasjer cajer caissier cassier kassor kassa kasse seller salesperson verkauf verkaeuf
        verkop vendeur vended vendit sprzedaw saljare selger saelger myyja satici employee mitarbeiter medewerk
        emplead dipendent pracowni medarbet medarbej calisan staff personel agent agenc operator clerk advis berater
        consult branch filial sucursal succursal oddzial vestiging winkel magasin tienda negozi loja sklep butik
        magaza myymala magazin pobock prodejn predajn poslovnic podruznic prodavnic trgovin uzlet aruhaz toko cabang
        cawangan gerai kedai avdeling departam departement oddelen oddel odjel reszleg jabatan vanzator angajat
        zamestnan zaposlen djelatnik munkatars karyawan kasir ansatt pokladn blagajn penztar dodavatel dobavlj furnizor
        pemasok leverandor produs zbozi tovar proizvod izdel termek produk barang кампан клон отдел магазин филиал
        продукт стока товар служител продавач касиер สาขา แคมเปญ แผนก รานคา โปรโมช حملة الحملة فرع الفرع منتج المنتج
        قسم القسم קמפיין סניף מוצר מחלקה καμπανι εκστρατει καταστημ υποκαταστ προιον τμημα
        terminal product produkt produit prodott urun tuote artic artik brand supplier lieferant
        leverancier fournisseur proveedor fornitor vendor code kod codig codic
        """
    )
)
_GROWING_IN_FULL = word_set(
    """
    store stores shop shops sube kasa caja caisse till register rep reps item items marke marca marque merk actie id ids
    ref sku tag tags nhanh chien pham
    """
)
_CODE_ENDINGS = ("code", "codes", "kod", "kode", "kodu", "koodi")


def is_closed_list(column: str, options: Sequence[str]) -> bool:
    """Whether a new value is unlikely beside these options, such as those of a tier, a gender or a status."""
    if len(options) > MAX_OPTIONS:
        return False
    return not any(map(_grows, words(column))) and all(map(_may_be_closed, options))


def _grows(word: str) -> bool:
    return word.startswith(_GROWING) or word in _GROWING_IN_FULL or word.endswith(_CODE_ENDINGS)


def _may_be_closed(option: str) -> bool:
    """Neither a code, which has digits, nor a text of several words."""
    return not _DIGIT.search(option) and len(option) <= MAX_OPTION and len(option.split()) <= MAX_WORDS
