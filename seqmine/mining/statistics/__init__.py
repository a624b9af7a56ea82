"""What pure chance would show: null models, tests, corrections, intervals."""
