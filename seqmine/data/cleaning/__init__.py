"""Cleaning of event logs: small steps from table to table, and an audit of what each of them removed."""
