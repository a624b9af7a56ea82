"""What chance alone would show: null models, tests, corrections, intervals."""
