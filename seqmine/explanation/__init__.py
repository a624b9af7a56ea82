"""Why a model recommends an item: shares of past events, how faithful they are, and what would change the answer."""
