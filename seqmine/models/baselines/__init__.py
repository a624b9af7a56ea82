"""Recommenders that count instead of learning: what a model must beat."""
