"""What tells of whole runs: the report, the leaderboard, and revisions side by side.

What lives here reads records and pictures that stages wrote; it computes no score and draws no image.
Markup stands in the templates beside the code.
"""
