"""Explainers: what each past event does for the score of one recommended item."""
