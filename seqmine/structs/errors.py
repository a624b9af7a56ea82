"""Errors that a user can act on."""


class UserError(ValueError):
    """A setting or an input that the user can mend.

    The message is one sentence that gives the value received, what is allowed, and the setting to change. Programs
    print it without a traceback and exit with status 1.
    """
