"""Encoders, losses, baselines, and the Lightning modules that train them."""
