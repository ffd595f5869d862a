#!/bin/sh
# The environment of the benchmark's peer, in .venv-peer; needs `scripts/setup.sh` to have run.
set -eu
cd "$(dirname "$0")/.."
lock=requirements/peer.txt
if [ -f .venv-peer/.done ] && cmp -s "$lock" .venv-peer/.done; then exit 0; fi
links=$(python3 -m pip config get global.find-links 2>/dev/null || python3 -m pip config get :env:.find-links 2>/dev/null || true)
if [ -n "$links" ]; then export UV_FIND_LINKS="$links"; fi
.venv/bin/uv venv -q --clear --python .venv/bin/python .venv-peer
.venv/bin/uv pip install -q --python .venv-peer/bin/python --no-deps --require-hashes -r "$lock"
cp "$lock" .venv-peer/.done
