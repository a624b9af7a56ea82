"""Lightning glue that needs more than one pillar."""
