"""The check that asks a question of any function."""
