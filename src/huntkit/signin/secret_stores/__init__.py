"""Vaults of clouds as places of secrets."""
