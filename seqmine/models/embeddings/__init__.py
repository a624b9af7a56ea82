"""Tables of item vectors."""
