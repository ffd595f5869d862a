"""Every knob of `--executor ray`."""

from __future__ import annotations

from pydantic import Field

from webapprentice.core.config import Config


class ClusterConfig(Config):
    """Which workers there are, and how long anybody waits for them. Nothing here changes a result."""

    address: str = ""
    """Ray cluster to use, HOST:PORT or `auto`; empty starts one on this machine for the time of the command."""
    workers: int = Field(default=0, ge=0, le=10_000)
    """Workers, each a process with its own browser; 0 takes as many as the cluster's CPUs allow."""
    cpus: float = Field(default=1.0, ge=0.0)
    """CPUs that one worker reserves."""
    gpus: float = Field(default=0.0, ge=0.0)
    """GPUs that one worker reserves, for checkpoints that workers load themselves."""
    ahead: int = Field(default=4, ge=0)
    """Jobs that wait at a worker beyond the `pool.contexts` it works on; no more are in flight."""
    retries: int = Field(default=5, ge=0)
    """Times a job is handed out again when its worker died; then it is a fault `worker_lost` of the environment."""
    start_seconds: float = Field(default=180.0, gt=0.0)
    """A worker has this long to start."""
    call_seconds: float = Field(default=30.0, gt=1.0)
    """A worker that does not answer for this long is taken for dead."""
    silence_seconds: float = Field(default=900.0, gt=0.0)
    """A worker that answers but has brought nothing for this long, with jobs in hand, is taken for dead."""
    close_seconds: float = Field(default=15.0, gt=0.0)
    """Workers have this long to close their browsers at the end."""
    allow_unauthenticated: bool = False
    """Use a cluster without token authentication, on which anybody who reaches it can run any code."""
