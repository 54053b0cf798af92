"""A laboratory for generative adversarial networks that reproduces itself."""
