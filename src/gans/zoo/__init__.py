"""Trained generators to take away: found by name, drawn from, written out, described by a card.

Here lives what needs no training: latents of a seed, the interface for Python, exports, the cards of `zoo/`.
How a generator learns, or is laid out on a page, may not.
"""
