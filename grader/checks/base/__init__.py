"""What every kind of check builds on."""
