"""What uvicorn lacks between the socket and the application: deadlines, a limit of connections, strict requests.

Why it stands here: `docs/decisions/0009-uvicorn-with-deadlines.md`.
"""

from services.uploader.server.connections import BACKLOG, Connections, allowed_connections
from services.uploader.server.protocol import GuardedProtocol

__all__ = ["BACKLOG", "Connections", "GuardedProtocol", "allowed_connections"]
