"""Words for the state of an order or an account, which in Spanish, Italian and Portuguese is called as a region is."""

from __future__ import annotations

from penstock.domain.suggestions.aliases import word_set
from penstock.domain.suggestions.names import words
from penstock.domain.suggestions.sample import Cells

MIN_STATUSES = 0.5  # share of the cells

_STATUSES = word_set(
    """
    active inactive pending paid unpaid shipped delivered returned cancelled canceled completed open closed new blocked
    activo activa inactivo inactiva pendiente pagado pagada enviado enviada entregado entregada devuelto devuelta
    cancelado cancelada completado completada cerrado cerrada abierto abierta anulado anulada bloqueado proceso
    reembolsado facturado
    ativo ativa inativo inativa pendente pago paga enviado entregue devolvido concluido concluida fechado aberto
    attivo attiva inattivo inattiva sospeso pagato spedito consegnato reso annullato annullata completato chiuso aperto
    actif inactif attente paye payee expedie livre retourne annule termine
    aktiv inaktiv offen bezahlt versandt geliefert storniert abgeschlossen
    """
)


def are_statuses(cells: Cells) -> bool:
    """Whether most cells say how far something is."""
    found = sum(count for cell, count in cells.distinct.items() if not _STATUSES.isdisjoint(words(cell)))
    return bool(cells.filled) and found >= cells.filled * MIN_STATUSES
