#!/bin/sh
# Runs inside the lab, where kubectl and policyctl are on PATH and KUBECONFIG is set.
# Ends non-zero when a step does not end the way the story says.
set -u
policies=$(dirname "$0")/policies

say() { printf '\n== %s\n' "$*"; }

# expect STATUS COMMAND...: shows the command, runs it, and checks its exit status.
expect() {
  wanted=$1
  shift
  printf '\n$ %s\n' "$*"
  "$@"
  got=$?
  [ "$got" -eq "$wanted" ] && return
  printf 'story: "%s" ended with %s, the story says %s\n' "$*" "$got" "$wanted" >&2
  exit 1
}

say 'A shop of three pods, a stranger, and no policy: everybody reaches everybody.'
expect 0 kubectl get pods -A -o wide
expect 0 policyctl matrix --probe

say 'Default deny for the shop.'
expect 0 kubectl apply -f "$policies/default-deny.yaml"
expect 1 policyctl probe shop/web shop/api:8080
expect 1 policyctl explain shop/web shop/api:8080

say 'Allow what the shop needs: internet to web, web to api, api to db.'
expect 0 kubectl apply -f "$policies/allow.yaml"
expect 0 policyctl probe shop/web shop/api:8080
expect 0 policyctl explain shop/web shop/api:8080
expect 1 policyctl probe stranger/visitor shop/api:8080
expect 1 policyctl explain stranger/visitor shop/api:8080

say 'Take one policy away: what it allowed is gone at once.'
expect 0 kubectl delete networkpolicy -n shop db
expect 1 policyctl probe shop/api shop/db:5432
expect 1 policyctl explain shop/api shop/db:5432

say 'The proof: every pair by meaning, by the kernel, and by a real packet.'
expect 0 policyctl matrix --probe
