"""From raw logs to batches: sources, cleaning, splits, the store, the data module."""
