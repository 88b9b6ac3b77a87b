"""How people mark an amount of money: a currency's sign or its ISO 4217 code, before or after the number."""

from __future__ import annotations

import re

# Every character of Unicode's category Sc, in the notation of a character class.
SIGNS = "$¢-¥֏؋߾߿৲৳৻૱௹฿៛₠-\u20c1\ua838﷼﹩＄￠￡￥￦"
_SIGN_PREFIXES = frozenset(("", "us", "a", "au", "c", "ca", "nz", "hk", "s", "nt", "mx", "r", "z", "cn", "rmb"))
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
_WORDS = frozenset(
    (
        *("kr", "tl", "euro", "euros", "zł", "kč", "ft", "lei", "fr", "sfr", "rs", "din", "rm", "rp"),
        *("лв", "руб", "грн", "ден"),
    )
)

CURRENCY = rf"(?:[^\W\d_]{{0,3}}\.?[{SIGNS}]|[^\W\d_]{{2,5}}\.?)"  # what may be one; `is_currency` decides


def is_currency(written: str) -> bool:
    """Whether `written`, which matches CURRENCY, marks an amount of money."""
    if re.fullmatch(f"[{SIGNS}]", written[-1]):
        return written[:-1].rstrip(".").lower() in _SIGN_PREFIXES
    return (written.lower() in _CODES) or written.rstrip(".").lower() in _WORDS
