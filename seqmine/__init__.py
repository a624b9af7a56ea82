"""Learn from sequences of user behavior what comes next, which patterns run through them, and why."""

__version__ = "0.1.0"
