set -euo pipefail
trap 'echo "bye $?"' EXIT
echo before
false | true
echo never
