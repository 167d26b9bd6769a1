#!/usr/bin/env bash
# Makes the built-in weights again, from nothing: pictures, pool, training, scores. The same line resumes.
# Usage: SAM2_REF=DIR bash reproduce.sh MIRRORS [CLIPS]
set -euo pipefail
cd "$(dirname "$0")"
mirrors=$1
python=${PYTHON:-python3}
[ -e .cache/sources.npz ] || "$python" sources.py --mirrors "$mirrors"
[ -e .cache/pool/plain_bg.npy ] || "$python" textures.py
"$python" train.py --processes 1 --out .cache/run
if [ $# -gt 1 ]; then
  "$python" evaluate.py --weights .cache/run/nano.pt --clips "$2" --demo ../../../tests/fixtures/demo
fi
