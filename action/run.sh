#!/bin/sh
# Runs trueup for action.yml: the log of the step, its outputs, and the text that
# a comment or an issue shows. It fails only where it is used wrongly: what
# trueup ended with is the output exit-code. Without jq and bash, for runners
# that have neither.
set -eu

# The key of the state in the cache is looked for by what it begins with: a colon
# in a name would find the state of another.
case "$NAME" in
*:*)
	echo "::error title=trueup::name has no colon"
	exit 1
	;;
esac

# Of a pull request, the runner knows a merge that nobody has seen.
GITHUB_SHA=$HEAD
export GITHUB_SHA

work=$(mktemp -d "$RUNNER_TEMP/trueup.XXXXXX")
cd "$DIRECTORY"

# Words without wildcards.
set -f
# shellcheck disable=SC2086
set -- $ARGS $PATHS

note=
[ "$KEEP_STATE" != true ] || set -- --state .trueup/state.json "$@"
if [ "$SIM" = true ]; then
	set -- --sim "$@"
	note="Planned against the simulator."
elif [ "$COMMAND" = plan ] && [ -z "${CLOUDFLARE_API_TOKEN:-}${CLOUDFLARE_API_KEY:-}" ]; then
	if [ -n "$SNAPSHOT" ]; then
		set -- --snapshot "$SNAPSHOT" "$@"
		note="Planned against a snapshot, since there is no credential here (as in a pull request from a fork)."
	else
		set -- "$@" --sim --state "$work/sim-state.json"
		note="Planned against the simulator, which is empty, since there is no credential here (as in a pull request from a fork): everything shows as new."
	fi
fi

case "$COMMAND" in
plan | drift) set -- plan --detailed-exitcode --out "$work/plan" "$@" ;;
apply)
	if [ -n "$PLAN_FILE" ]; then
		set -- apply --plan "$PLAN_FILE" "$@"
	else
		set -- apply --auto-approve "$@"
	fi
	;;
*)
	echo "::error title=trueup::command is plan, apply or drift"
	exit 1
	;;
esac

# What trueup appends to the step summary is also what a comment shows.
md=$work/summary.md
[ -z "$note" ] || printf '> %s\n\n' "$note" >"$md"
code=0
GITHUB_STEP_SUMMARY=$md trueup "$@" >"$work/out" 2>"$work/err" || code=$?
[ ! -f "$md" ] || cat "$md" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"

# Values and file names come from the pull request, and the runner obeys
# commands in what is printed. Only our annotations may be commands.
annotations='^::(error|warning|notice) '
stop=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
echo "::stop-commands::$stop"
grep -Ev "$annotations" "$work/err" || true
cat "$work/out"
echo "::$stop::"
grep -E "$annotations" "$work/err" || true

# show prints the saved plan again, quietly.
show() {
	env -u GITHUB_STEP_SUMMARY -u GITHUB_ACTIONS trueup show "$work/plan" "$@" 2>/dev/null
}

outcome=failed
counts=
if [ -f "$work/plan" ]; then
	own=$(show --format json | sed -n 's/^"trueup"://p')
	outcome=$(echo "$own" | sed 's/^{"outcome":"\([a-z]*\)".*/\1/')
	counts=$(echo "$own" | sed 's/.*"counts":{"add":\([0-9]*\),"change":\([0-9]*\),"destroy":\([0-9]*\).*/\1 \2 \3/')
elif [ "$COMMAND" = apply ]; then
	counts=$(sed -n 's/^Apply complete! Resources: \([0-9]*\) added, \([0-9]*\) changed, \([0-9]*\) destroyed\.$/\1 \2 \3/p' "$work/out")
	case "$code:$counts" in
	"0:0 0 0") outcome=none ;;
	0:*) outcome=changes ;;
	*) ! grep -q '^Refused: ' "$work/out" || outcome=refused ;;
	esac
fi

# The first line tells this comment or issue from others. GitHub takes 65,535
# characters. What is destroyed is never cut from a plan, so that it may be
# longer: then as many of its lines are shown as fit, and the others counted.
fit() {
	LC_ALL=C awk '
		{ size += length($0) + 1 }
		size <= 64000 { print; next }
		{ left++ }
		END { if (left) printf "\n**Cut here, since a comment takes no more. Lines left out: %d; the step summary has them.**\n", left }
	' "$1"
}
body() {
	printf '<!-- trueup: %s -->\n' "$(printf %s "$NAME" | tr -c 'A-Za-z0-9._/-' _)"
	if [ "$(wc -c <"$md")" -le 65000 ]; then
		cat "$md"
	elif [ -f "$work/plan" ]; then
		[ -z "$note" ] || printf '> %s\n\n' "$note"
		show --format markdown --max-bytes 64000 >"$work/short.md"
		fit "$work/short.md"
	else
		fit "$md"
	fi
}
[ ! -f "$md" ] || body >"$work/body.md"

# shellcheck disable=SC2086
set -- $counts
{
	echo "exit-code=$code"
	echo "outcome=$outcome"
	echo "add=${1:-}"
	echo "change=${2:-}"
	echo "destroy=${3:-}"
	echo "body-file=$work/body.md"
	[ ! -f "$work/plan" ] || echo "plan-file=$work/plan"
} >>"$GITHUB_OUTPUT"
