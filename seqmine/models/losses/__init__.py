"""Losses over the catalog."""
