"""A packed data set: its arrays, batches of them, and the range of its pixels.

What lives here reads what `gans.preprocess` packed; it does not know where the images came from.
Pictures for people have their home in `figures`.
"""
