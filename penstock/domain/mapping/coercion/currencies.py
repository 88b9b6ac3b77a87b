"""How people mark an amount of money: a currency's sign or its ISO 4217 code, before or after the number."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Every character of Unicode's category Sc, in the notation of a character class.
SIGNS = "$¢-¥֏؋߾߿৲৳৻૱௹฿៛₠-\u20c1\ua838﷼﹩＄￠￡￥￦"
_SIGN_PREFIXES = frozenset(
    ("", "us", "a", "au", "c", "ca", "nz", "hk", "s", "nt", "mx", "r", "z", "cn", "rmb", "ar", "rd", "jp", "gh")
)
# ISO 4217: legal tender in 2026 (CLDR 47), and the kuna, which the euro replaced.
_CODES = frozenset(
    """
    aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd btn bwp byn bzd cad cdf chf clp
    cny cop crc cup cve czk djf dkk dop dzd egp ern etb eur fjd fkp gbp gel ghs gip gmd gnf gtq gyd hkd hnl hrk htg huf
    idr ils inr iqd irr isk jmd jod jpy kes kgs khr kmf kpw krw kwd kyd kzt lak lbp lkr lrd lsl lyd mad mdl mga mkd mmk
    mnt mop mru mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar
    sbd scr sdg sek sgd shp sle sos srd ssp stn svc syp szl thb tjs tmt tnd top try ttd twd tzs uah ugx usd uyu uzs ves
    vnd vuv wst xaf xcd xcg xof xpf yer zar zmw zwg
    """.split()  # noqa: SIM905  a list would be a column of 155 lines
)
# Signs of one or two currencies, which stand beside no other code.
_OF_SIGNS = {"€": {"eur"}, "₫": {"vnd"}, "₪": {"ils"}, "₹": {"inr"}, "¥": {"jpy", "cny"}, "฿": {"thb"}, "₺": {"try"}}
# Of currencies without cents, as people mark them.
WITHOUT_CENTS = re.compile(r"[¥￥円₩￦원₫đ]|\b(?:jpy|krw|vnd|vnđ)\b", re.IGNORECASE)
_WORDS = frozenset(
    (
        *("kr", "tl", "euro", "euros", "zł", "zl", "kč", "kc", "ft", "lei", "lek", "fr"),
        *("sfr", "rs", "din", "rm", "rp"),
        *("cfa", "fcfa", "nis", "rmb", "ksh", "tsh", "ush", "dh", "dhs", "bs", "s/", "р"),
        *("kn", "leu", "đ", "vnđ", "baht", "บาท", "円", "元", "圓", "원"),
        *("лв", "лева", "лев", "руб", "грн", "ден", "дин"),
        *("د.إ", "ر.س", "ر.ق", "ر.ع", "د.ك", "د.ب", "د.م", "د.ت", "د.ج", "ج.م", "ل.ل"),
        *("ريال", "درهم", "دينار", "جنيه", "שח"),
    )
)

_ARABIC = "[\u0621-\u064a]"
# What may be one; `is_currency` decides.
CURRENCY = rf"(?:[^\W\d_]{{0,3}}\.?[{SIGNS}]|[^\W\d_]{{2,5}}\.?|[đĐ円元圓원]|[рР]\.?|[Ss]/\.?|{_ARABIC}\.{_ARABIC}\.?)"

_ANY_SIGN = re.compile(f"[{SIGNS}]")
_ANY_CODE = re.compile(r"(?<![A-Za-z])[A-Za-z]{3}(?![A-Za-z])")


def is_currency(written: str) -> bool:
    """Whether `written`, which matches CURRENCY, marks an amount of money."""
    if re.fullmatch(f"[{SIGNS}]", written[-1]):
        return written[:-1].rstrip(".").lower() in _SIGN_PREFIXES
    word = written.rstrip(".").lower()
    return word in _CODES or word in _WORDS


def several_currencies(amounts: Iterable[str]) -> list[str]:
    """The signs, or else the codes, of amounts in several currencies; none if all are in one."""
    signs, codes = set[str](), set[str]()
    for amount in amounts:
        signs.update(_ANY_SIGN.findall(amount))
        codes.update(code.upper() for code in _ANY_CODE.findall(amount) if code.lower() in _CODES)
    return next((sorted(found) for found in (signs, codes) if len(found) > 1), [])


def are_currencies(before: str | None, after: str | None) -> bool:
    """Whether what stands before and after a number marks one currency: on one side, or a sign or a code before and a
    code after, such as `$1,234.50 MXN` and `US$ 12.00 USD`."""
    if not before or not after:
        written = before or after
        return not written or is_currency(written)
    code = after.lower()
    return code in _CODES and is_currency(before) and (code == before.lower() or _may_be_sign_of(before, code))


def _may_be_sign_of(written: str, code: str) -> bool:
    sign = written[-1]
    return re.fullmatch(f"[{SIGNS}]", sign) is not None and code in _OF_SIGNS.get(sign, {code})
