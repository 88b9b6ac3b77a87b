"""The HTTP API: `app.py` makes it, `operations.py` explains it, one module a topic declares what it can do.

Nothing is imported here: the command line uses `views.py`, and would wait for the web framework to load.
"""
