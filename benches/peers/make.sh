#!/usr/bin/env bash
# Makes the Python environment of the peers in the folder given (default: peers-env). AMICI compiles every model it
# imports: it needs a C++ compiler, CMake, SWIG and a BLAS.
set -euo pipefail
env=${1:-peers-env}
python3 -m venv "$env"
"$env/bin/pip" install --quiet --requirement "$(dirname "$0")/requirements.txt"
echo "$env/bin/python $(dirname "$0")/compare.py --help"
