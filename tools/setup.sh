#!/bin/sh
# Makes .venv for `make setup`, and .venv/.ready last, so a failed setup is tried again.
set -eu

fail() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# The newest Python that runs: a name on the PATH may only be a pyenv shim.
find_python() {
    for candidate in python3.13 python3.12 python3.11 python3; do
        if is_new_enough "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    seen=$(python3 --version 2>/dev/null) || seen="no python3 on the PATH"
    fail "Python 3.11 or newer is needed (found: $seen)." \
         "Install one, or name it: make setup PYTHON=/path/to/python3.12"
}

make_environment() {
    if [ -n "${PYTHON:-}" ]; then
        python=$PYTHON
        seen=$("$python" --version 2>/dev/null) || seen="nothing that runs"
        is_new_enough "$python" || fail "PYTHON=$python is not Python 3.11 or newer (found: $seen)."
    else
        python=$(find_python)
    fi
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        fail "Python $version ($python) cannot make a virtual environment: venv or ensurepip is missing." \
             "On Debian and Ubuntu: apt-get install python$version-venv"
    echo "setup: making .venv with Python $version ($python)"
    "$python" -m venv --clear .venv || fail "python -m venv failed; see its output above."
}

# -qq: errors only; pip's warnings (a skipped index, a cache it cannot write) need no action here.
install() {
    .venv/bin/python -m pip install -qq -c constraints.txt "$@" ||
        fail "pip could not install $*; see its output above; for more, run" \
             "    .venv/bin/python -m pip install -c constraints.txt $*" \
             "Once that is fixed, run make setup again: it continues where it stopped."
}

export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_INPUT=1
unset PYTHONHOME PYTHONPATH PIP_USER PIP_TARGET PIP_PREFIX

CDPATH= cd "$(dirname "$0")/.."
rm -f .venv/.ready
if ! is_new_enough .venv/bin/python || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    make_environment
fi

torch=$(grep '^torch==' constraints.txt)
# Separately and pinned: with a range pip would take a newer build instead of a CPU build already on disk.
echo "setup: installing $torch (200 MB for the CPU build, several GB for the CUDA build; a minute or more)"
install "$torch"
echo "setup: installing the grader and its tools (about a minute)"
install -e '.[dev]'
# pip compiles what it installs, but not an editable package. Where Python may write no .pyc files, each run would compile
# it all again, which takes half as long as a short check.
.venv/bin/python -m compileall -q grader reference || fail "the grader's own code could not be compiled; see above."
touch .venv/.ready
