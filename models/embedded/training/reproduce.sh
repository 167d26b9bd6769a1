#!/usr/bin/env bash
# Makes the built-in weights from nothing: pictures, pool, training, scores. Usage: SAM2_REF=DIR bash reproduce.sh MIRRORS [CLIPS]
set -euo pipefail
cd "$(dirname "$0")"
mirrors=$1
python=${PYTHON:-python3}
[ -e .cache/sources.npz ] || "$python" sources.py --mirrors "$mirrors"
[ -e .cache/pool/train_bg.npy ] || "$python" textures.py
"$python" train.py --recipe recipe.json --out .cache/run
if [ $# -gt 1 ]; then
  "$python" evaluate.py --weights .cache/run/nano.pt --clips "$2"
fi
