import pytest

from seqmine.structs.credentials import has_blanks, without_credentials, without_those_of


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://me:secret@host:5/shop", "postgresql://***@host:5/shop"),
        ("postgresql://me:s@c/r t@host/shop", "postgresql://***@host/shop"),
        ("postgresql://:secret@host", "postgresql://***@host"),
        ("postgresql://host/shop?sslmode=on&password=secret", "postgresql://host/shop?sslmode=on&password=***"),
        ("postgresql://me@host/shop", "postgresql://me@host/shop"),
        ("https://example.com:80/a", "https://example.com:80/a"),
        ("select user_id from log", "select user_id from log"),
    ],
)
def test_credentials_of_an_address_are_blanked_and_nothing_else(address, shown):
    assert without_credentials(address) == shown
    assert has_blanks(shown) == ("***" in shown)


def test_what_a_driver_says_of_an_address_holds_no_part_of_its_credentials():
    said = without_those_of("postgresql://me:s p@h/x?password=other", "unexpected 's p' for me, then 'other'")
    assert said == "unexpected '***' for ***, then '***'"
