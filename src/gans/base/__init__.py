"""The ground: errors, sections of settings, paths, publishing, records, progress, signals and launchers.

What lives here needs neither torch nor the rest of the project, and knows nothing of images or networks.
What only one package needs has its home there.
"""
