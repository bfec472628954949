#!/bin/sh
# Installs the grader that lies beside this file into a virtual environment of its own.
set -eu

fail() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

here=$(CDPATH= cd "$(dirname "$0")" && pwd)
environment=${GRADER_VENV:-${AUTOGRADER_ROOT:-/autograder}/grader-venv}
umask 022 # students' code runs as another user, who must be able to read Python

is_fit() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' >/dev/null 2>&1
}

find_python() {
    for candidate in "${PYTHON:-python3.13}" python3.13 python3.12 python3.11 python3; do
        if is_fit "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

install_python() {
    command -v apt-get >/dev/null || return 1
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >&2
    for version in 3.13 3.12 3.11; do
        if apt-get install -qq -y --no-install-recommends "python$version" "python$version-venv" >&2; then
            return
        fi
    done
    return 1
}

python=$(find_python) || { install_python && python=$(find_python); } ||
    fail "Python 3.11, 3.12 or 3.13 with venv is needed, and apt-get could not install it." \
         "Choose a newer base image, or one that has it."

echo "setup: making $environment with $("$python" --version)"
"$python" -m venv --clear "$environment"

export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_INPUT=1 PIP_NO_CACHE_DIR=1
unset PYTHONHOME PYTHONPATH PIP_USER PIP_TARGET PIP_PREFIX

install() {
    "$environment/bin/python" -I -m pip install -q "$@" || fail "pip could not install the grader; see its output above."
}

if [ -d "$here/wheels" ]; then # everything is here: nothing is downloaded
    set -- --no-index --find-links "$here/wheels"
elif [ -f "$here/torch_index.txt" ]; then
    install --no-deps --index-url "$(cat "$here/torch_index.txt")" "$(grep '^torch==' "$here/constraints.txt")"
fi
install "$@" -c "$here/constraints.txt" -r "$here/requirements.txt"
install --no-deps --no-index "$here"/linear_classifier_grader-*.whl

if [ -f "$here/grading.json" ]; then
    "$environment/bin/python" -I -m grader.frontends.packages.run look "$here"
fi
