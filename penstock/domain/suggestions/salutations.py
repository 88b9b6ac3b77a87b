"""Salutations, which have the same column names as job titles."""

from __future__ import annotations

from penstock.domain.suggestions.aliases import word_set
from penstock.domain.suggestions.sample import Cells

MIN_SHARE = 0.5  # of the cells

_SALUTATIONS = word_set(
    """
    mr mrs ms miss mx sir madam dr prof rev lord lady
    dhr mw mevr mevrouw meneer heer de drs ir ing fam familie
    herr frau hr fr fräulein dipl
    m mme mlle monsieur madame mademoiselle me
    sr sra srta d dña don doña señor señora
    sig sigra sig.ra signor signora dott dottssa
    dna dom senhor senhora
    pan pani p hr fru frk rouva herra bay bayan
    dl d-l d-na dra d-ra domnul doamna domnișoara dlui
    pán paní slečna slecna mgr bc mudr judr gospodin gospođa gospodja gospođica gosp gđa gdja gđica gospa gospod gdč
    úr asszony kisasszony ông ong bà anh chị cô bapak bpk ibu sdr sdri tuan puan encik cik nyonya nona
    г-н г-жа г-ца господин госпожа госпожица นาย นาง นางสาว น คุณ السيد السيدة الآنسة מר גב גב' גברת
    κ κος κα κυρία κύριος
    """
)


def are_salutations(cells: Cells) -> bool:
    """Whether most cells begin with a salutation."""
    found = sum(count for cell, count in cells.distinct.items() if _first_word(cell) in _SALUTATIONS)
    return found >= cells.filled * MIN_SHARE


def _first_word(cell: str) -> str:
    return cell.casefold().replace(".", " ").split()[0] if cell.strip(" .") else ""
