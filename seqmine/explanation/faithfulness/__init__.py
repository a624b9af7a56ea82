"""How faithful explanations are: measures on edited histories, beside controls."""
