"""Gathers the stages' settings; reads TOML."""
