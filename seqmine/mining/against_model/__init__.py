"""Patterns compared with a trained model at events that it was not trained on."""
