"""Ray: a cluster of our own with a token on 127.0.0.1, or the user's, and workers as its actors."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from webapprentice.cluster.config import ClusterConfig
from webapprentice.cluster.foreman import GoneError
from webapprentice.cluster.hand import Hand
from webapprentice.core.faults import UnavailableError, UsageError

OLDEST = (2, 54)
"""Before, commands could be run without the token."""
TEMPORARY = "wa-ray-"
"""Folders of our clusters: TEMPORARY, process id, chance."""
_LONGEST = 15
"""Characters of the folder that temporary folders are made in. A socket's path has room for 107, and Ray's own part of
it takes 80."""
_GET_SECONDS = 30.0
_STORE_BYTES = 128 * 2**20
_PROBE = """
import sys
from ray._raylet import GcsClient
from ray.exceptions import AuthenticationError
try:
    GcsClient(address=sys.argv[1]).internal_kv_keys(b"", None, 20)
except AuthenticationError:
    print("refused")
else:
    print("let in")
"""
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # Ray prints the death of a worker on standard output, where our results go; the foreman says it in one line.
    "RAY_DEDUP_LOGS_SKIP_REGEX": "^",
}
"""Environment of every process of ours that imports Ray."""
OURS = {
    **QUIET,
    "RAY_AUTH_MODE": "token",
    # Ray's switch for machines that take part in no cluster: with 0, everything listens on 127.0.0.1 alone.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
}
"""Environment of a cluster that we start."""


@contextmanager
def connect(config: ClusterConfig) -> Iterator[RayYard]:
    """A cluster to hire workers in, the configured one or one of our own, which ends with the context.

    Raises UnavailableError when there is no Ray, or no cluster at the address; UsageError when the cluster asks nobody
    for a token and the configuration does not allow that.
    """
    if config.address:
        with _theirs(config) as yard:
            yield yard
    else:
        with _ours(config) as yard:
            yield yard


class RayYard:
    """Workers as Ray actors. They are never restarted by Ray: who has which job is the foreman's to know."""

    def __init__(self, ray: Any, config: ClusterConfig) -> None:
        self._ray = ray
        self._config = config

    async def size(self) -> int:
        """Workers that fit on the nodes that are alive."""
        nodes = await asyncio.wait_for(asyncio.to_thread(self._ray.nodes), _GET_SECONDS)
        found = 0
        for node in nodes:
            if node["Alive"]:
                has = node["Resources"]
                wants = (("CPU", self._config.cpus), ("GPU", self._config.gpus))
                fits = [int(has.get(name, 0) / want) for name, want in wants if want]
                found += min(fits, default=1)
        return max(1, found)

    def hire(self, errand: str, setup: bytes) -> Any:
        """An actor, on the node that has the fewest."""
        actor = self._ray.remote(Hand).options(
            num_cpus=self._config.cpus,
            num_gpus=self._config.gpus,
            max_restarts=0,
            max_task_retries=0,
            scheduling_strategy="SPREAD",
        )
        return actor.remote(errand, setup)

    def call(self, worker: Any, method: str, *given: Any) -> Any:
        """A call under way."""
        return getattr(worker, method).remote(*given)

    async def wait(self, calls: Sequence[Any], seconds: float) -> list[Any]:
        """Those that have ended, all of them when there are several."""
        if not calls:
            await asyncio.sleep(0.05)
            return []
        ended, open_ = await asyncio.to_thread(self._ray.wait, list(calls), num_returns=1, timeout=seconds)
        if ended and open_:
            more, _ = self._ray.wait(open_, num_returns=len(open_), timeout=0)
            ended += more
        return list(ended)

    def result(self, call: Any) -> Any:
        """What an ended call gave. Raises GoneError when its worker died; what our own code raised passes."""
        errors = self._ray.exceptions
        try:
            return self._ray.get(call, timeout=_GET_SECONDS)
        except errors.RayTaskError:
            raise
        except (errors.RayError, TimeoutError) as error:
            said = str(error).strip().splitlines() or [type(error).__name__]
            raise GoneError(said[0][:200]) from error

    def dismiss(self, worker: Any) -> None:
        """Kill the actor's process; its browser goes with it."""
        self._ray.kill(worker, no_restart=True)


@contextmanager
def _ours(config: ClusterConfig) -> Iterator[RayYard]:
    folder = Path(tempfile.mkdtemp(prefix=f"{TEMPORARY}{os.getpid()}-", dir=_short()))
    try:
        token = folder / "token"
        token.touch(mode=0o600)
        token.write_text(secrets.token_hex(32), encoding="ascii")
        with _environment({**OURS, "RAY_AUTH_TOKEN_PATH": str(token)}, drop=("RAY_AUTH_TOKEN", "RAY_ADDRESS")):
            ray = _ray()
            with _started(
                ray,
                address="local",
                include_dashboard=False,
                num_cpus=max(os.cpu_count() or 1, round(config.workers * config.cpus)),
                object_store_memory=_STORE_BYTES,
                _node_ip_address="127.0.0.1",
                _temp_dir=str(folder),
            ):
                yield RayYard(ray, config)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _theirs(config: ClusterConfig) -> Iterator[RayYard]:
    if config.address.startswith("ray://"):
        raise UsageError("pool.cluster.address takes HOST:PORT of the cluster's head, or auto, on one of its nodes")
    if not config.allow_unauthenticated and os.environ.get("RAY_AUTH_MODE") != "token":
        raise UsageError(
            f"the Ray cluster {config.address} would be used without a token, and anybody who reaches it could run "
            "code on it: set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN_PATH as on its nodes, "
            "or accept the risk with --set pool.cluster.allow_unauthenticated=true"
        )
    with _environment(QUIET):
        ray = _ray()
        with _started(ray, address=config.address) as context:
            if not config.allow_unauthenticated and _lets_in_anybody(context.address_info["gcs_address"]):
                raise UsageError(
                    f"the Ray cluster {config.address} takes any token: start its nodes with RAY_AUTH_MODE=token, "
                    "or accept the risk with --set pool.cluster.allow_unauthenticated=true"
                )
            yield RayYard(ray, config)


@contextmanager
def _started(ray: Any, **how: Any) -> Iterator[Any]:
    if ray.is_initialized():
        raise UnavailableError("this process is connected to a Ray cluster already; end that connection first")
    try:
        context = ray.init(log_to_driver=False, logging_level="ERROR", **how)
    except Exception as error:  # when a machine is too busy, Ray raises this very class
        ray.shutdown()
        where = f"the Ray cluster {how['address']} cannot be used" if how["address"] != "local" else "Ray cannot start"
        raise UnavailableError(f"{where}: {_line(error)}; run the same command later to go on") from error
    try:
        yield context
    finally:
        ray.shutdown()


def _lets_in_anybody(address: str) -> bool:
    """Whether the cluster answers somebody who guesses at the token."""
    guess = {name: value for name, value in os.environ.items() if name != "RAY_AUTH_TOKEN_PATH"}
    guess |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    try:
        asked = subprocess.run(
            [sys.executable, "-c", _PROBE, address], env=guess, capture_output=True, text=True, timeout=60, check=False
        )
    except subprocess.TimeoutExpired:
        return True
    return asked.stdout.strip().splitlines()[-1:] != ["refused"]


def _ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise UnavailableError("Ray is not installed; run: pip install 'webapprentice[ray]'") from error
    if tuple(map(int, ray.__version__.split(".")[:2])) < OLDEST:
        raise UnavailableError(f"Ray {ray.__version__} lets strangers run code; install 2.54 or newer")
    return ray


def _short() -> str:
    """A folder for temporary folders whose name leaves room for Ray's sockets; clears what killed runs left in it."""
    found = tempfile.gettempdir()
    found = found if len(found) <= _LONGEST else "/tmp"
    if not os.access(found, os.W_OK):
        raise UnavailableError(
            f"Ray needs a folder with a short name and {found} cannot be written to; set TMPDIR=/tmp"
        )
    for folder in Path(found).glob(f"{TEMPORARY}*"):
        owner = folder.name.removeprefix(TEMPORARY).split("-")[0]
        if owner.isdigit() and folder.stat().st_uid == os.geteuid() and not _runs(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)
    return found


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def _environment(more: dict[str, str], drop: Sequence[str] = ()) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(more)
    for name in drop:
        os.environ.pop(name, None)
    try:
        yield
    finally:
        for name in (*more, *drop):
            if name in before:
                os.environ[name] = before[name]
            else:
                os.environ.pop(name, None)


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
