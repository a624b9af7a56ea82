"""What a promise to users has to keep to, whatever makes it."""

from seqmine.structs.errors import UserError


def require_delta(delta: float, num_users: int) -> None:
    """Refuse a chance to break the promise by which a release of one whole user would keep it.

    Args:
        delta: of the promise.
        num_users: that are counted or trained on.

    Raises:
        UserError: ``delta`` is not below one over the number of users.
    """
    if delta >= 1 / num_users:
        raise UserError(
            f"`delta` is {delta}, allowed for {num_users} users are numbers below 1 / {num_users} = "
            f"{1 / num_users:.3g}: above it a release of one whole user would do; change `delta`"
        )
