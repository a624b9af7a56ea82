"""Patterns that work: as recommender, re-ranker, training signal and augmentation."""
