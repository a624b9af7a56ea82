"""Errors that a user can act on."""

from seqmine.structs.places import told


class UserError(ValueError):
    """A setting or an input that the user can mend.

    The message is one sentence that gives the value received, what is allowed, and the setting to change. Programs
    print it without a traceback and exit with status 1.

    A component names its own parameters, between backticks or as the first word of what its constructor refuses;
    ``told`` puts the settings of the user in their place.
    """

    def __init__(self, message: str) -> None:
        super().__init__(told(message))
