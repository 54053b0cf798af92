"""The machine: devices, which GPU, seeded random numbers, and weights as files.

What lives here uses torch, but knows neither images nor networks of this project.
How a training is carried out has its home in `training`.
"""
