"""Finding patterns: the compiled search, closed and maximal patterns, the miners."""
