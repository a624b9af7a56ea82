from seqmine.structs.errors import UserError


def test_a_user_error_is_a_value_error_with_its_sentence():
    assert isinstance(UserError("x is 1"), ValueError)
    assert str(UserError("x is 1")) == "x is 1"
