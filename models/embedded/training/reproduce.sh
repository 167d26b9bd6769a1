#!/usr/bin/env bash
# Makes the built-in weights again, from nothing: pictures, pool, training, scores. The same line resumes.
# Usage: SAM2_REF=DIR bash reproduce.sh MIRRORS [CLIPS]
set -euo pipefail
cd "$(dirname "$0")"
mirrors=$1
python=${PYTHON:-python3}
[ -e .cache/sources.npz ] || "$python" sources.py --mirrors "$mirrors"
[ -e .cache/pool/plain_bg.npy ] || "$python" textures.py
[ -e .cache/pool/train_regions.npy ] || "$python" regions.py
[ -e .cache/footage/val ] || "$python" footage.py --mirrors "$mirrors" --out .cache/footage
"$python" train.py --processes 1 --out .cache/run
"$python" train.py --processes 1 --recipe absences.json --init .cache/run/nano.pt --out .cache/absences
"$python" train.py --processes 2 --recipe longtracks.json --init .cache/run/nano.pt --init .cache/absences/nano.pt --out .cache/longtracks
"$python" train.py --processes 2 --recipe choosing.json --init .cache/longtracks/nano.pt --out .cache/choosing
"$python" average.py .cache/choosing/mean.pt .cache/longtracks/nano.pt .cache/choosing/nano.pt
"$python" train.py --processes 2 --recipe photographs.json --init .cache/choosing/mean.pt --out .cache/photographs
"$python" average.py .cache/photographs/mean.pt .cache/choosing/mean.pt .cache/photographs/nano.pt
"$python" train.py --processes 2 --recipe covered.json --init .cache/photographs/mean.pt --extra .cache/footage/train --out .cache/covered
"$python" average.py .cache/covered/mean.pt .cache/photographs/mean.pt .cache/covered/nano.pt
"$python" train.py --processes 2 --recipe alike.json --init .cache/covered/mean.pt --extra .cache/footage/train --out .cache/alike
"$python" average.py .cache/alike/mean.pt .cache/covered/mean.pt .cache/alike/nano.pt --score=-1
"$python" train.py --processes 2 --recipe sharper.json --init .cache/alike/mean.pt --extra .cache/footage/train --out .cache/sharper
"$python" average.py .cache/sharper/mean.pt .cache/alike/mean.pt .cache/alike/mean.pt .cache/alike/mean.pt .cache/sharper/nano.pt
"$python" train.py --processes 2 --recipe slower.json --init .cache/sharper/mean.pt --extra .cache/footage/train --out .cache/slower
"$python" average.py .cache/slower/mean.pt .cache/sharper/mean.pt .cache/slower/nano.pt
"$python" train.py --processes 2 --recipe returning.json --init .cache/slower/mean.pt --extra .cache/footage/train --out .cache/returning
"$python" average.py .cache/nano.pt .cache/slower/mean.pt .cache/returning/nano.pt --score=-0.5
"$python" longtracks.py .cache/nano.pt --drawn 384 --clips 16
"$python" longtracks.py .cache/nano.pt --drawn 384 --natural --clips 6
"$python" longtracks.py .cache/nano.pt --drawn 384 --footage .cache/footage/val
if [ $# -gt 1 ]; then
  "$python" evaluate.py --weights .cache/nano.pt --clips "$2" --demo ../../../tests/fixtures/demo
fi
