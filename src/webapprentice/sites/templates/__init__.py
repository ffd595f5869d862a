"""Templates that all sites share."""

from pathlib import Path

SHARED = Path(__file__).parent
