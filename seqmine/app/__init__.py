"""What the programs share: all that knows Hydra, from the command line to the start of a run."""
