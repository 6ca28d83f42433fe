#!/bin/sh
# Keeps one comment on a pull request: the one that begins with the first line
# of BODY and is by AUTHOR is updated, else a new one is made. In a pull request
# from a fork the token may not write: that is no failure, the step summary has
# the plan.
set -eu

MARKER=$(head -n 1 "$BODY")
export MARKER
repo=repos/$GITHUB_REPOSITORY

ours='.[] | select(.user.login == env.AUTHOR and (.body // "" | startswith(env.MARKER))) | .id'
comment() {
	ids=$(gh api --paginate "$repo/issues/$PULL_REQUEST/comments?per_page=100" --jq "$ours") || return 1
	id=$(echo "$ids" | head -n 1)
	if [ -n "$id" ]; then
		gh api --silent -X PATCH "$repo/issues/comments/$id" -F "body=@$BODY"
	else
		gh api --silent -X POST "$repo/issues/$PULL_REQUEST/comments" -F "body=@$BODY"
	fi
}

comment || echo "::warning title=trueup::The plan could not be shown in a comment, which needs the permission pull-requests: write. The step summary has it."
