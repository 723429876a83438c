// Answers each request with what it has understood, as JSON: the method, the target as it came, and
// the length and CRC-32 of the body. Prints its address. Everything else is as net/http does it.
package main

import (
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("listening on", listener.Addr())
	fmt.Fprintln(os.Stderr, http.Serve(listener, http.HandlerFunc(echo)))
	os.Exit(1)
}

func echo(w http.ResponseWriter, r *http.Request) {
	sum := crc32.NewIEEE()
	length, err := io.Copy(sum, r.Body)
	if err != nil {
		w.Header().Set("Connection", "close")
		http.Error(w, "the body is not whole", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Echo-Method", r.Method) // the answer to a HEAD has no body that says it
	fmt.Fprintf(w, `{"method":%s,"target":%s,"length":%d,"crc":%d}`,
		quote(r.Method), quote(r.RequestURI), length, sum.Sum32())
}

// A string of JSON in ASCII, with one character for each byte.
func quote(text string) string {
	var quoted strings.Builder
	for i := 0; i < len(text); i++ {
		if c := text[i]; c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			fmt.Fprintf(&quoted, `\u%04x`, c)
		} else {
			quoted.WriteByte(c)
		}
	}
	return `"` + quoted.String() + `"`
}
