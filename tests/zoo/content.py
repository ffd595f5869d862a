"""To be written."""

from zoo import Zoo

PAGES: Zoo = {}
