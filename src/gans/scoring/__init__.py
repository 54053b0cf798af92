"""How good images are: judges, features, distances, and the protocol that makes scores of them.

What lives here takes arrays of images and returns numbers.
Tables of scores have their home in `pages`.
"""
