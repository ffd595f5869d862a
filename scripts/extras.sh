#!/bin/sh
# Runs the tests that the usual run leaves out: training by several processes; Ray, BrowserGym with its own Playwright, and
# sentence encoders and TRL, each in an environment of its own (.venv-ray, .venv-browsergym, .venv-embeddings, .venv-rl).
# Needs `scripts/setup.sh dev` to have run.
set -eu
cd "$(dirname "$0")/.."
links=$(python3 -m pip config get global.find-links 2>/dev/null || python3 -m pip config get :env:.find-links 2>/dev/null || true)
if [ -n "$links" ]; then export UV_FIND_LINKS="$links"; fi
uv=.venv/bin/uv

make_venv() {
    folder=$1
    shift
    want=$(cat "$@" pyproject.toml | cksum)
    [ "$(cat "$folder/.done" 2>/dev/null)" = "$want" ] && return
    $uv venv -q --clear --python .venv/bin/python "$folder"
    # One after the other: where two locks name a package, the later one's version is what stays.
    for lock in "$@"; do $uv pip install -q --python "$folder/bin/python" --no-deps --require-hashes -r "$lock"; done
    $uv pip install -q --python "$folder/bin/python" --no-deps --no-build-isolation -e .
    printf '%s' "$want" >"$folder/.done"
}

APPRENTICE_EXTRAS=1 .venv/bin/python -m pytest tests/test_train_extras.py
make_venv .venv-ray requirements/lock-ray.txt
.venv-ray/bin/python -m pytest tests/test_cluster.py
make_venv .venv-browsergym requirements/lock-dev.txt requirements/peer.txt
.venv-browsergym/bin/python -m pytest tests/test_interfaces_browsergym.py tests/test_interfaces_docs.py
torch=$(sed -n 's/^torch==//p' requirements/torch.txt)
add_torch() {
    if [ -n "$links" ] && ls "$links"/torch-"$torch"* >/dev/null 2>&1; then
        $uv pip install -q --python "$1/bin/python" --no-deps "torch==$torch"
    else
        $uv pip install -q --python "$1/bin/python" --torch-backend="${UV_TORCH_BACKEND:-auto}" "torch==$torch"
    fi
}
make_venv .venv-embeddings requirements/lock-dev.txt requirements/lock-embeddings.txt
add_torch .venv-embeddings
.venv-embeddings/bin/python -m pytest tests/test_models_embedding.py
make_venv .venv-rl requirements/lock-rl.txt
add_torch .venv-rl
.venv-rl/bin/python -m pytest tests/test_train_rl.py
