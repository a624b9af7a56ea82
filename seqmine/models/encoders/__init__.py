"""Encoders: embedded histories in, hidden states out."""
