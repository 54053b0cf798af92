"""The variants, one file each, found by its name.

Each defines one class that keeps the contract in `gans.networks.contract`, and never imports another.
What two of them need has its home in `networks`.
"""
