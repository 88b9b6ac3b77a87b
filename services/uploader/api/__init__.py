"""The HTTP API: `app.py` makes it, `route.py` explains what each operation has, one module a topic has its operations.

Nothing is imported here: the command line uses `views.py`, and would wait for the web framework to load.
"""
