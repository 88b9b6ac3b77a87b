"""The errors of the stack; each message has a hint."""


class StackError(Exception):
    """A server could not be started or stopped."""


class NotAvailable(StackError):
    """A server is not available: a tool is missing, or its package could not be fetched."""
