"""What can be wrong with the stack, each said in one sentence that tells how to fix it."""


class StackError(Exception):
    """A server could not be started or stopped."""


class NotAvailable(StackError):
    """A server cannot be had here: a tool is missing, or its package could not be fetched."""
