"""The page of a run: values in, one HTML file out."""
