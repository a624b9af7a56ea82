"""Perturbation queries to a model about edited histories, and where patterns occur in a log."""
