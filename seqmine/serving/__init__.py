"""Lists of recommendations for histories."""
