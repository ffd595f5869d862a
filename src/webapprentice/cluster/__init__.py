"""Floor 2: work handed to workers on other machines, by Ray, which is imported when a cluster is asked for."""

from webapprentice.cluster.config import ClusterConfig
from webapprentice.cluster.foreman import Foreman
from webapprentice.cluster.onray import connect
from webapprentice.cluster.twin import ThreadYard

__all__ = ["ClusterConfig", "Foreman", "ThreadYard", "connect"]
