"""Who may see and do what: confidentiality, roles, rules at a place, limits."""
