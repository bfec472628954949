"""The student's process: plain files that `python -I` runs outside of any package.

They import each other by bare name and nothing else of ours. The judge imports the modules that both sides
share (wire, tiers) like any other.
"""
