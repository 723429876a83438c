// Pushes once with resty, as push.go does with other libraries: LIBRARY METHOD URL BODY FILE.
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/go-resty/resty"
)

func main() {
	method, target, kind, path := os.Args[2], os.Args[3], os.Args[4], os.Args[5]
	content, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	request := resty.New().R()
	switch kind {
	case "text":
		request.SetBody(string(content))
	case "bytes":
		request.SetBody(content)
	default:
		file, err := os.Open(path)
		if err != nil {
			panic(err)
		}
		request.SetBody(file)
	}
	response, err := request.Execute(method, target)
	if err != nil {
		fmt.Println("error", strings.Join(strings.Fields(err.Error()), " "))
		return
	}
	fmt.Println("status", response.StatusCode())
}
