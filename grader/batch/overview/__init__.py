"""What a class shows as a whole: statistics, the mistakes that students share, and the instructor's page."""
