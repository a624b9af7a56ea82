"""Names and passwords inside addresses of databases and services, which are shown and kept nowhere."""

import re

_BLANK = "***"
# a name and a password in front of the host; the password may hold anything, an @ of its own too
_USER = re.compile(r"(\w://)([^\s/:@]*):(.*)@")
_REFERENCE = re.compile(r"\$\{[^{}]*\}")
_PARAMETER = re.compile(r"([?&](?:user|password|passfile|sslpassword)=)([^&\s'\"]*)")


def without_credentials(text: str) -> str:
    """Return a text in which the credentials of addresses are blanked.

    >>> without_credentials("postgresql://me:secret@host/shop"), without_credentials("postgresql://host/shop")
    ('postgresql://***@host/shop', 'postgresql://host/shop')
    >>> without_credentials("postgresql://host/shop?user=me&password=secret")
    'postgresql://host/shop?user=***&password=***'
    """
    return _PARAMETER.sub(rf"\1{_BLANK}", _USER.sub(rf"\1{_BLANK}@", text))


def writes_credentials(text: str) -> bool:
    """Return whether a setting has credentials of an address in it, not as references to where they are kept.

    >>> writes_credentials("postgresql://me:secret@${oc.env:HOST}/shop"), writes_credentials("x://host?password=secret")
    (True, True)
    >>> writes_credentials("postgresql://${oc.env:NAME}:${oc.env:PASSWORD}@host/shop"), writes_credentials("a://b")
    (False, False)
    """
    plain = _REFERENCE.sub("", text)
    return any(any(found.groups()[1:]) for kind in (_USER, _PARAMETER) for found in kind.finditer(plain))


def has_blanks(address: str) -> bool:
    """Return whether the credentials of an address were blanked.

    >>> has_blanks("postgresql://***@host/shop"), has_blanks("postgresql://host/shop")
    (True, False)
    """
    return f"://{_BLANK}@" in address or f"={_BLANK}" in address


def without_those_of(address: str, text: str) -> str:
    """Return a text in which the credentials of an address stand no more, wherever in it they are.

    >>> without_those_of("postgresql://me:a b@host/shop", "unexpected space in 'a b'")
    "unexpected space in '***'"
    """
    users = [part for found in _USER.finditer(address) for part in found.groups()[1:]]
    for secret in filter(None, [*users, *(found[2] for found in _PARAMETER.finditer(address))]):
        text = text.replace(secret, _BLANK)
    return without_credentials(text)
