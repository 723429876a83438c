// Pushes once with a library: LIBRARY METHOD URL BODY FILE. BODY says how the content of FILE is given
// to the library. Prints the status or the error that its caller sees.
package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/hashicorp/go-retryablehttp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/push"
	"github.com/valyala/fasthttp"
)

var method, target, kind, path = os.Args[2], os.Args[3], os.Args[4], os.Args[5]

func body() io.Reader {
	content, err := os.ReadFile(path)
	if err != nil {
		fail(err)
	}
	switch kind {
	case "text":
		return strings.NewReader(string(content))
	case "bytes":
		return bytes.NewReader(content)
	case "file":
		file, err := os.Open(path)
		if err != nil {
			fail(err)
		}
		return file
	}
	reader, writer := io.Pipe()
	go func() {
		writer.Write(content)
		writer.Close()
	}()
	return reader
}

func fail(err error) {
	fmt.Println("error", strings.Join(strings.Fields(err.Error()), " "))
	os.Exit(0)
}

func status(response *http.Response, err error) string {
	if err != nil {
		fail(err)
	}
	response.Body.Close()
	return fmt.Sprint(response.StatusCode)
}

func withNetHTTP() string {
	request, err := http.NewRequest(method, target, body())
	if err != nil {
		fail(err)
	}
	if kind == "file" { // told by its caller, or it is chunked
		info, _ := os.Stat(path)
		request.ContentLength = info.Size()
	}
	return status(http.DefaultClient.Do(request))
}

func withClientGolang() string {
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: "pushed", Help: "Pushed by a test."})
	address, err := url.Parse(target)
	if err != nil {
		fail(err)
	}
	pusher := push.New(address.Host, "survey").Collector(gauge)
	if method == "PUT" {
		err = pusher.Push()
	} else {
		err = pusher.Add()
	}
	if err != nil {
		fail(err)
	}
	return "none"
}

func withRetryable() string {
	request, err := retryablehttp.NewRequest(method, target, body())
	if err != nil {
		fail(err)
	}
	client := retryablehttp.NewClient()
	client.Logger = nil
	client.RetryMax = 0
	return status(client.Do(request))
}

func withFasthttp() string {
	request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	request.Header.SetMethod(method)
	request.SetRequestURI(target)
	content, _ := io.ReadAll(body())
	request.SetBody(content)
	do := fasthttp.Do
	if len(os.Args) > 6 {
		do = func(request *fasthttp.Request, response *fasthttp.Response) error {
			return (&fasthttp.Client{}).DoRedirects(request, response, 3)
		}
	}
	if err := do(request, response); err != nil {
		fail(err)
	}
	return fmt.Sprint(response.StatusCode())
}

func main() {
	libraries := map[string]func() string{
		"net/http":      withNetHTTP,
		"client_golang": withClientGolang,
		"retryablehttp": withRetryable,
		"fasthttp":      withFasthttp,
	}
	fmt.Println("status", libraries[os.Args[1]]())
}
