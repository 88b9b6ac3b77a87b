"""The errors of the stack; each message says how to fix it."""


class StackError(Exception):
    """A server could not be started or stopped."""


class NotAvailable(StackError):
    """A server cannot be had here: a tool is missing, or its package could not be fetched."""
