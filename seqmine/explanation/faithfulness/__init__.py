"""How faithful explanations are: measures on edited histories, against controls."""
