"""The one-dimensional lesson, in which uniform noise learns a normal distribution.

It stands beside the variants: its data are numbers, its networks tiny, its loop its own.
Its two figures are drawn here, too.
"""
