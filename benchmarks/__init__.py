"""Measurements: what each number of the documentation was made with."""
