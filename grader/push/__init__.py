"""Scores into a learning platform over LTI 1.3: what to send, the journal of what was sent, and the conversation."""
