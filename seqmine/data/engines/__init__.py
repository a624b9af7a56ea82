"""Engines: what divides a log by user and runs cleaning on the parts, on one machine or on many."""
