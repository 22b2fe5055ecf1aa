"""The neutral register: whose volumes are where, and whom to ask about them."""
