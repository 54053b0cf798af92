"""What variants are made of: their contract, settings, layers, losses, sampling, and themselves on disk.

What lives here names no variant and trains nothing.
A network that one variant alone has stands in that variant's file.
"""
