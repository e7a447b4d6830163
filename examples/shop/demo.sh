#!/bin/sh
# The demo: a lab with the shop in it, and the story told inside. Needs `make build` first.
set -u
cd "$(dirname "$0")/../.." || exit 1
PATH="$PWD/dist/bin:$PATH"
export PATH
exec policyctl lab run --nodes 2 -f examples/shop/cluster.yaml -- examples/shop/story.sh
