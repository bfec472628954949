"""The student's process: plain files that `python -I` starts with no package around them.

They import one another by bare name and nothing else of ours. The judge's side imports what both sides must agree on
(wire, tiers) like any other module.
"""
