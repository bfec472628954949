"""What the names in a platform's download say: a pure parser for each platform."""
