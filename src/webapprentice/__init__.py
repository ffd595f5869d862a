"""Teach an open language model to use websites, and measure honestly whether it got better."""

__version__ = "0.1.0"
