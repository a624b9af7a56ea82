"""Ranking metrics by one protocol: the target's rank is computed once, and every metric is a function of the rank."""
