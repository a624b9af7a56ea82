"""Parts of encoders."""
