"""The HTTP API: `create_app` makes it, `operations.py` explains it, one module a topic declares what it can do."""

from services.uploader.api.app import create_app
from services.uploader.api.metrics import Metrics

__all__ = ["Metrics", "create_app"]
