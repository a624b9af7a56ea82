"""The Python interface: what the programs do, on plain objects and without a word of Hydra."""
