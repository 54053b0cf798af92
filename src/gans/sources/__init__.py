"""Where images come from: each data set, downloads, archives, and the faces that the project draws.

What lives here ends in labelled pictures; it does not crop, shrink or pack them.
Nothing here needs torch.
"""
