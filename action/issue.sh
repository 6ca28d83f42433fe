#!/bin/sh
# Keeps one open issue while there is drift (EXIT_CODE 2): the one that begins
# with the first line of BODY and is by AUTHOR is updated, else a new one is
# opened. It is closed when a plan is empty (0), and left as it is where there is
# no plan (1).
set -eu

MARKER=$(head -n 1 "$BODY")
export MARKER
repo=repos/$GITHUB_REPOSITORY

ours='.[] | select(.pull_request == null and .user.login == env.AUTHOR and (.body // "" | startswith(env.MARKER))) | .number'
numbers=$(gh api --paginate "$repo/issues?state=open&per_page=100" --jq "$ours")
number=$(echo "$numbers" | head -n 1)

case "$EXIT_CODE:$number" in
2:) gh api --silent -X POST "$repo/issues" -f "title=trueup: what is live is not what the files say ($NAME)" -F "body=@$BODY" ;;
2:*) gh api --silent -X PATCH "$repo/issues/$number" -F "body=@$BODY" ;;
0:?*) gh api --silent -X PATCH "$repo/issues/$number" -f state=closed -F "body=@$BODY" ;;
esac
