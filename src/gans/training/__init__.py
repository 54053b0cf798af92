"""How variants are trained: the loop, an iteration's steps, what watches, what saves, several seeds and ranks.

What lives here names no variant and draws no picture.
Scores are of no concern to it.
"""
