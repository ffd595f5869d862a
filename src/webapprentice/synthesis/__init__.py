"""Examples that a model invents: trajectories like all others, from pages and sites that are in nobody's exam."""

from webapprentice.synthesis.tiny import Invented, TinyConfig, invent

__all__ = ["Invented", "TinyConfig", "invent"]
