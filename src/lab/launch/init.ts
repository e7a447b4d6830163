/**
 * The lab's PID 1. A shell, because it must do two things that Node cannot: mount, and reap every orphan of
 * the PID namespace. It ends when the supervisor ends or when told to (TERM); the kernel then kills whatever
 * is left in the namespace.
 *
 * `ip netns` keeps its names in /run/netns. A tmpfs takes the place of /run so that these names are the lab's
 * own and an ordinary user can write them; everything else of the machine's /run is bound into it, because the
 * command that runs in the lab is the caller's own and may need it.
 *
 * Its first line on the event channel says that the namespaces stand: without it, making them failed.
 */
export const initScript: string = `
set -u
scratch=$1
shift
mount -n -t tmpfs -o mode=0755,nosuid,nodev tmpfs "$scratch" || exit 125
for entry in /run/*; do
  name=\${entry##*/}
  if [ "$name" = netns ]; then continue
  elif [ -L "$entry" ]; then cp -P "$entry" "$scratch/$name"
  elif [ -d "$entry" ]; then mkdir "$scratch/$name" && mount -n --rbind "$entry" "$scratch/$name"
  elif [ -e "$entry" ]; then : >"$scratch/$name" && mount -n --bind "$entry" "$scratch/$name"
  fi || echo "$entry is not visible in the lab" >&2
done
mkdir "$scratch/netns" && mount -n --move "$scratch" /run || exit 125
echo '{"event":"progress","message":"namespaces made"}' >&3

stop() { kill -TERM "$supervisor" 2>/dev/null; }
trap stop TERM
"$@" &
supervisor=$!
while :; do
  wait "$supervisor"
  status=$?
  kill -0 "$supervisor" 2>/dev/null || exit "$status"
done
`;
