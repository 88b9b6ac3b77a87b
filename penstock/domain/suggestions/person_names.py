"""Columns of people's names, by their values: the words of their cells, and the given names among them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.suggestions.aliases import word_set
from penstock.domain.suggestions.fitting import of_total
from penstock.domain.suggestions.names import words
from penstock.domain.suggestions.sample import Cells

MIN_SHAPED = 0.6  # share of the cells that are shaped like a name
MIN_DISTINCT = 0.5  # share of different cells: names of cities and of products repeat
MIN_SHAPES = 5  # different cells
MIN_GIVEN = 0.2  # share of the cells that have a common given name, if the others may be names too
MIN_SURELY_GIVEN = 0.5  # the same, where the column is known to be about something else
MAX_NAME = 60  # characters
MAX_WORDS = 5

_PARTICLES = word_set("de da di do dos du del della van der den von zu zur la le el al bin ibn ben y e af av ten ter")

# Words in the name of a column whose values are called as people are: `product_name`, `Brand`, `store`.
_THINGS = word_set(
    """
    product products produkt produkte produit producto produto prodotto produkt item article artikel articulo articolo
    brand marke merk marque marca campaign kampagne campagne category kategorie categorie categoria kategoria
    color colour farbe kleur couleur colore cor title titel titre titulo titolo subject team department abteilung
    afdeling city stadt stad ville ciudad citta cidade miasto country land pays pais paese region state province county
    store shop filiale winkel magasin tienda negozio loja sklep butik branch event course kurs cours curso corso
    hotel restaurant airport station route model modell modele modelo segment plan tier status job role position
    """
)

# Common given names, without accents.
_GIVEN = word_set(
    """
    james john robert michael david william richard joseph thomas christopher charles daniel matthew anthony mark
    steven andrew paul joshua kevin brian george edward ryan jason jacob gary nicholas eric jonathan stephen larry
    justin scott benjamin samuel jack harry oliver noah liam ethan lucas mason logan owen adam simon peter martin
    mary patricia jennifer linda elizabeth barbara susan jessica sarah karen lisa nancy margaret sandra ashley emily
    kimberly michelle carol amanda melissa deborah stephanie rebecca laura helen amy anna emma olivia ava sophia
    isabella mia charlotte amelia harper grace chloe lucy alice ella zoe zara hannah rachel julia claire kate
    hans klaus jurgen juergen wolfgang gunter uwe dieter heinz bernd stefan andreas markus jan tobias florian sebastian
    matthias christian alexander philipp felix maximilian leon lukas jonas finn paul niklas moritz tim heike sabine
    petra monika ursula renate brigitte ingrid claudia birgit katrin anja nicole lena lea leonie johanna greta
    jean pierre michel philippe alain jacques nicolas julien olivier laurent francois guillaume antoine louis hugo
    jules arthur mathieu marie nathalie isabelle sylvie catherine francoise sophie camille manon chantal aurelie celine
    elodie margaux juliette helene jose antonio manuel francisco juan javier jesus carlos miguel alejandro rafael pedro
    angel pablo sergio fernando jorge luis alberto alvaro diego mario maria carmen josefa isabel dolores pilar teresa
    ana cristina paula lucia elena marta rosa raquel sara silvia mercedes beatriz ines giuseppe giovanni luigi andrea
    francesco marco luca matteo alessandro lorenzo davide stefano roberto paolo simone riccardo giorgio giulia chiara
    francesca federica martina valentina alessia elisa giovanna paola angela sofia aurora joao paulo tiago rui
    goncalo gustavo felipe bruno rodrigo marcos eduardo ricardo mariana beatriz leonor matilde fernanda juliana larissa
    johannes willem kees piet jeroen sander joost maarten thijs daan bram lars ruben anouk femke sanne lotte
    fleur eva iris marieke annemarie saskia jan piotr krzysztof andrzej tomasz pawel michal marcin jakub adam lukasz
    stanislaw wojciech katarzyna malgorzata agnieszka barbara ewa krystyna magdalena joanna zofia aleksandra monika
    dorota karolina erik karl nils anders johan mikael fredrik magnus gustav bjorn sven axel oscar elias karin
    kristina eva birgitta margareta astrid ingrid linnea elsa maja mette soren jens niels rasmus mads kirsten hanne
    kari ole juha matti timo mikko jari antti pekka liisa anneli hanna mehmet mustafa ahmet ali huseyin hasan ibrahim
    ismail osman yusuf murat emre burak deniz fatma ayse emine hatice zeynep elif meryem merve esra
    jiri josef pavel tomas petr jana jaroslav zdenek vaclav hana lenka lucie tereza istvan laszlo jozsef zoltan
    gabor ferenc attila erzsebet katalin ilona judit ivan sergei sergey dmitri dmitry alexei alexey vladimir mikhail
    nikolai olga tatiana irina natalia svetlana elena mohammed muhammad mohamed ahmed omar fatima aisha hassan
    khalid youssef layla raj rahul amit priya anjali sanjay wei ming hiroshi yuki kenji minh linh
    """
)


def person_names(cells: Cells, attribute: str | None = None) -> str | None:
    """The evidence that a column has people's names; None without it. `attribute`: that it feeds, if that exists.

    When in doubt it has: a column masked without need does less harm than one that shows its people.
    """
    given, shaped = _share(cells, _has_given_name), _share(cells, _is_shaped)
    if not (
        given >= _min_given(attribute) or (_may_be_anything(cells, attribute) and _is_likely(cells, given, shaped))
    ):
        return None
    return of_total(round(max(given, shaped) * cells.filled), cells.filled, "look like names of people")


def _min_given(attribute: str | None) -> float:
    return MIN_GIVEN if attribute == "company" else MIN_SURELY_GIVEN  # a sole trader's is that of a person


def _may_be_anything(cells: Cells, attribute: str | None) -> bool:
    return attribute not in BUILTIN and _THINGS.isdisjoint(words(cells.name))


def _is_likely(cells: Cells, given: float, shaped: float) -> bool:
    distinct = len(cells.distinct) >= max(MIN_SHAPES, cells.filled * MIN_DISTINCT)
    return shaped >= MIN_SHAPED and (distinct or given >= MIN_GIVEN)


def _share(cells: Cells, holds: Callable[[str], bool]) -> float:
    return sum(count for cell, count in cells.distinct.items() if holds(cell)) / max(cells.filled, 1)


def _parts(cell: str) -> list[str]:
    """The words of a cell that may be a name; none for any other cell, such as one with digits or of a sentence."""
    parts = [part for part in cell.replace(",", " ").split() if part.casefold() not in _PARTICLES]
    may_be = len(cell) <= MAX_NAME and len(parts) <= MAX_WORDS and all(map(_is_word, parts))
    return parts if may_be else []


def _is_word(part: str) -> bool:
    """Letters, also as an initial, or with hyphens and apostrophes."""
    bare = unicodedata.normalize("NFC", part).rstrip(".")
    return all(char.isalpha() or unicodedata.combining(char) or char in "-'\u2019`." for char in bare) and bare != ""


def _is_shaped(cell: str) -> bool:
    """Two words or more with capitals, or letters of a script that has none."""
    parts = _parts(cell)
    return len(parts) > 1 and not any(part[0].islower() for part in parts)


def _has_given_name(cell: str) -> bool:
    return any(word in _GIVEN for part in _parts(cell) for word in words(part.capitalize()))
