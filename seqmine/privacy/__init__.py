"""Protection of the people in a log."""
