"""Readers of raw event logs: files of the user and data sets of their publishers."""
