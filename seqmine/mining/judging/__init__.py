"""What is known of found patterns, and which of them are shown to people."""
