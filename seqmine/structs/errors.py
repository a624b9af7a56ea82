"""Errors that a user can act on."""

import re
from collections.abc import Mapping


class UserError(ValueError):
    """A setting or an input that the user can mend.

    The message is one sentence that gives the value received, what is allowed, and the setting to change. Programs
    print it without a traceback and exit with status 1.

    A component does not know where it stands in a configuration: its message begins with the name of its own parameter,
    and whoever builds it from settings puts the name of the setting in its place.
    """

    has_setting = False

    def placed(self) -> "UserError":
        """Return the error as one whose message names the settings already."""
        self.has_setting = True
        return self

    def at(self, path: str, settings: Mapping[str, str]) -> "UserError":
        """Return the same error told with the names of settings.

        >>> UserError("dropout is 2, allowed is 0 to 1").at("model.encoder", {"dropout": "model.encoder.dropout"})
        UserError('model.encoder.dropout is 2, allowed is 0 to 1')
        >>> UserError("the log has no times").at("model.context.calendar", {})
        UserError('model.context.calendar: the log has no times')

        Args:
            path: of the component.
            settings: full name of the setting behind each of its parameters.
        """
        message = str(self)
        first = re.match(r"\w*", message)
        name = first.group() if first else ""
        if name in settings:
            return UserError(settings[name] + message[len(name) :]).placed()
        return UserError(f"{path}: {message}" if path else message).placed()
