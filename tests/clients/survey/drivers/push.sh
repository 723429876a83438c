#!/bin/sh
# Pushes once with a program: PROGRAM METHOD URL BODY FILE [follow]. BODY says how the content of FILE
# is given to the program. Prints what its caller sees: an exit code other than 0, with the reason.
program=$1 method=$2 url=$3 body=$4 file=$5 follow=${6:-}
text=$(cat "$file")
newline='
'
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT

push() {
  case $program-$body in
    curl-text) curl -sS --fail ${follow:+-L} -X "$method" --data-binary "$text$newline" "$url" ;;
    curl-file) curl -sS --fail ${follow:+-L} -X "$method" --data-binary "@$file" "$url" ;;
    curl-stream) cat "$file" | curl -sS --fail ${follow:+-L} -X "$method" -T - "$url" ;;
    wget-text) wget -q -O - --method="$method" --body-data="$text$newline" "$url" ;;
    wget-file) wget -q -O - --method="$method" --body-file="$file" "$url" ;;
    wget2-text) wget2 -q -O - --method="$method" --body-data="$text$newline" "$url" ;;
    wget2-file) wget2 -q -O - --method="$method" --body-file="$file" "$url" ;;
    busybox-text) busybox wget -q -O - --post-data="$text$newline" "$url" ;;
    busybox-file) busybox wget -q -O - --post-file="$file" "$url" ;;
    httpie-text) http --ignore-stdin ${follow:+--follow} --raw="$text$newline" "$method" "$url" ;;
    httpie-file) http ${follow:+--follow} "$method" "$url" <"$file" ;;
    xh-text) xh --ignore-stdin ${follow:+--follow} --raw="$text$newline" "$method" "$url" ;;
    xh-file) xh ${follow:+--follow} "$method" "$url" <"$file" ;;
    hurl-text)
      printf '%s %s\n```\n%s\n```\n' "$method" "$url" "$text" | hurl ${follow:+--location}
      ;;
    *) echo "no such program or body: $program, $body" >&2; return 2 ;;
  esac
}

if push >/dev/null 2>"$errors"; then
  echo "status none"
else
  echo "error exit $?: $(tr '\n' ' ' <"$errors")"
fi
