"""Values in; tables, pictures and pages out."""
