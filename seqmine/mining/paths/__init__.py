"""What people do step by step: funnels, the paths that they take, and where they leave."""
