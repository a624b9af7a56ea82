"""Pattern recognition: mine sequential patterns, prove them, and hold them against people, days and models."""
