"""What a person looks at: grids, strips, films, and plots of numbers.

What lives here draws; it takes functions and arrays, and neither trains nor scores.
Pages that hold pictures have their home in `pages`.
"""
