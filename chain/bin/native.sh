# Sourced by the launchers beside it: runs the native binary that npm installed for this platform.
# The launchers that npm's packages bring exit 0 when the binary fails; `exec` passes the true status on.
run_native() {
  tool=$1
  shift
  case "$(uname -s)" in
    Linux) os=linux ;;
    Darwin) os=darwin ;;
    *) echo "$tool: no npm package for $(uname -s); use Linux or macOS" >&2; exit 69 ;;
  esac
  case "$(uname -m)" in
    x86_64 | amd64) arch=amd64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) echo "$tool: no npm package for $(uname -m); use x64 or arm64" >&2; exit 69 ;;
  esac
  binary="$root/node_modules/@foundry-rs/$tool-$os-$arch/bin/$tool"
  [ -x "$binary" ] || { echo "$tool: $binary is missing; run npm ci" >&2; exit 69; }
  exec "$binary" "$@"
}
