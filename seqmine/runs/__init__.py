"""The run folder: what is built for it, written into it and read back from it."""
