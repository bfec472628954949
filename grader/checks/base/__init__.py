"""The parts that every kind of check builds on."""
