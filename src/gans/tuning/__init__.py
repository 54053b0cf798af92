"""An equal tuning budget for every variant: what is tried, how long, and what came of it.

Here lives `make tune`, which has DVC carry out short trainings in clones of the repository.
How a variant trains or is scored may not: that is the pipeline's.
"""
