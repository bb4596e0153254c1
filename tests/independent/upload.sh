#!/usr/bin/env bash
# Uploads files with curl as each vendor documents it: upload.sh VENDOR ROOT FILE...
# The names are those of the files. Knows nothing of the plugin.
set -euo pipefail

ask() { curl --silent --show-error --fail-with-body --noproxy '*' --max-time 30 "$@"; }
field() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p"; }
# curl reads a name between quotes, so that commas and semicolons belong to it.
form() { printf '%s=@"%s"' "$1" "$2"; }

squash() { # POST /executions/{id}/attachments: parts called files
    ask -H "Authorization: Bearer $TOKEN" -F "$(form files "$2")" "$1/api/rest/latest/executions/1042/attachments"
}

workiva() { # a token, an upload URL, the bytes, and the operation until it is over
    local token begun
    token=$(ask -H 'X-Version: 2026-01-01' -d grant_type=client_credentials --data-urlencode "client_id=$CLIENT_ID" \
        --data-urlencode "client_secret=$CLIENT_SECRET" "$1/oauth2/token" | field access_token)
    begun=$(ask -i -H "Authorization: Bearer $token" -H 'X-Version: 2026-01-01' -H 'Content-Type: application/json' \
        --data-binary "{\"fileName\": \"$(basename "$2")\"}" "$1/testForms/f1/testPhases/p1/attachmentUpload")
    ask -H "Authorization: Bearer $token" -T "$2" "$(field uploadUrl <<<"$begun")"
    local location state=
    location=$(sed -n 's/^[Ll]ocation: *//p' <<<"$begun" | tr -d '\r')
    until [ "$state" = completed ]; do
        state=$(ask -H "Authorization: Bearer $token" -H 'X-Version: 2026-01-01' "$location" | field status)
        [ "$state" != failed ]
        sleep 0.05
    done
}

huawei() { # a token in a header of the answer, then one part called attachment
    local token
    token=$(ask -o /dev/null -D - -H 'Content-Type: application/json' --data-binary "$LOGIN" "$1/v3/auth/tokens" |
        sed -n 's/^[Xx]-[Ss]ubject-[Tt]oken: *//p' | tr -d '\r')
    ask -H "X-Auth-Token: $token" -F "$(form attachment "$2")" \
        "$1/v1/ipdprojectservice/projects/$PROJECT/issues/956239067176935400/attachments/upload"
}

record=4711
rillsoft() { # a token, then one part called file; a record holds one file, so each gets its own
    local token
    token=$(ask -H 'Content-Type: application/json' --data-binary "$LOGIN" "$1/api/v1/login" | field token)
    ask -H "Authorization: Bearer $token" -F "$(form file "$2")" "$1/api/v2/clients/7/attachments/$((record++))"
}

vendor=$1 root=$2
shift 2
for file in "$@"; do "$vendor" "$root" "$file"; done
