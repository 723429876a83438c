# Pushes once with Nim's httpclient: LIBRARY METHOD URL BODY FILE. BODY says how the content of FILE is
# given to it. Prints the status or the error that its caller sees.
import std/[httpclient, httpcore, os, strutils]

let text = readFile(paramStr(5))
let verb = if paramStr(2) == "PUT": HttpPut else: HttpPost
try:
  let response = newHttpClient().request(paramStr(3), httpMethod = verb, body = text)
  echo "status ", response.code.int
except CatchableError as error:
  echo "error ", error.msg.splitWhitespace.join(" ")
